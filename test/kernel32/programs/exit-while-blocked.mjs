// A call is blocked in the driver: process.exit must end the process soon. Prints when it was called.
import { offloadRead, openFile } from 'win-odx';

const file = await openFile(process.argv[2], 'r');
offloadRead(file, { copyLength: 512 }).catch(() => {});
setTimeout(() => {
  console.log(Date.now());
  process.exit(3);
}, 100);
