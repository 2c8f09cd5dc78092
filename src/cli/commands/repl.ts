import { type Command, defineCommand } from '../command.ts';
import { manifest } from '../package.ts';
import { UsageError } from '../usage-error.ts';

export const repl: Command = defineCommand({
  name: 'repl',
  operands: '',
  count: [0, 0],
  summary: "try everything in Node's own REPL, with the package in scope",
  notes: [
    'Top-level await and completion work; .help shows a first copy in five lines. The history is kept in the state ' +
      'folder of the user; ODX_REPL_HISTORY names another file, or none when empty. ' +
      'Fed from a pipe it runs the statements in order, each to its end, and prints what they give; ' +
      'when one fails the rest still runs and the exit code is 1.',
  ],
  options: {},
  examples: [
    { line: 'repl --emulate', does: 'talk, with an emulated array' },
    { line: 'repl --emulate < first-copy.js', does: 'run a file' },
    { line: 'repl --emulate --json < first-copy.js', does: 'collect what the statements give as JSON' },
  ],
  async run(_operands, _values, { json, debug, kernels }) {
    const piped = !process.stdin.isTTY;
    if (json && !piped) throw new UsageError('odx repl --json needs its input from a pipe or a file.');
    const { replScope } = await import('../repl/scope.ts');
    const scope = await replScope(kernels);
    if (!piped) {
      const { talk } = await import('../repl/terminal.ts');
      const greeting = `odx ${manifest().version} on ${scope.kernel}. .help shows a first copy, Tab completes, .exit leaves.`;
      return talk(scope, greeting, debug);
    }
    const [{ runPiped }, { Transcript }] = await Promise.all([
      import('../repl/pipe.ts'),
      import('../repl/transcript.ts'),
    ]);
    const transcript = new Transcript(json, debug);
    await runPiped(process.stdin, scope.scope, transcript);
    return transcript.end();
  },
});
