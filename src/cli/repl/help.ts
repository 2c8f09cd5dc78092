import type { REPLServer } from 'node:repl';

// Each line runs as it stands, and fits a terminal of 80 columns.
const LESSON = [
  "const source = await openFile('big.vhdx', 'r')",
  'const got = await offloadRead(source, { copyLength: source.size })',
  "const target = await openFile('copy.vhdx', 'w', { size: source.size })",
  'await offloadWrite(target, { token: got.token, copyLength: got.transferLength })',
  "await copyFile('big.vhdx', 'other.vhdx') // the same at once; Tab shows more",
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
