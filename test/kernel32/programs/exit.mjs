// A call that would take long is in flight: process.exit must end the process all the same.
import { offloadRead, openFile } from 'win-odx';

const file = await openFile(process.argv[2], 'r');
offloadRead(file, { copyLength: 512 }).catch(() => {});
setTimeout(() => process.exit(3), 100);
