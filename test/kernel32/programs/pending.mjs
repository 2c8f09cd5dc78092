// One call is in flight and nothing else: the process must live until it has completed, and end then.
import { offloadRead, openFile } from 'win-odx';

const file = await openFile(process.argv[2], 'r');
offloadRead(file, { copyLength: 512 }).then(({ transferLength }) =>
  console.log(`completed ${transferLength}`),
);
