import type { REPLServer } from 'node:repl';

/** What `.help` prints: enough to make a first copy. */
const LESSON = [
  "source = await openFile('big.vhdx', 'r')                    a file; its size and sector are known",
  '{ token, transferLength } = await offloadRead(source, { copyLength: source.size })',
  "target = await openFile('copy.vhdx', 'w', { size: source.size }); await offloadWrite(target, { token, copyLength: transferLength })",
  "await copyFile('big.vhdx', 'copy.vhdx', { verify: true })   all of that in one call, with a report",
  'Also here: odx, probe, zeroRange, explainStatus(315), layoutOf, structs, emulator.calls; Tab completes, .exit leaves.',
];

/** Puts the lesson in the place of Node's list of dot commands. */
export function teach(server: REPLServer): void {
  server.defineCommand('help', {
    help: 'A first copy in five lines',
    action() {
      this.clearBufferedCommand();
      this.output.write(`${LESSON.join('\n')}\n`);
      this.displayPrompt();
    },
  });
}
