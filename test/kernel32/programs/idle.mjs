// The calls have completed and the file is left open: nothing may keep the process alive.
import { offloadRead, offloadReadSync, openFile } from 'win-odx';

const file = await openFile(process.argv[2], 'r');
await offloadRead(file, { copyLength: 512 });
offloadReadSync(file, { copyLength: 512 });
console.log('idle');
