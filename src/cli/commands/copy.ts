import type { CopyProgress } from '../../index.ts';
import { type Command, type CommandResult, defineCommand, type OptionValues } from '../command.ts';
import { type CopyPlan, createFolders, expandWildcards, planCopies } from '../copy-plan.ts';
import { CommandError, codeOf, explainInterruption, FAILED } from '../errors.ts';
import { jsonProgress, ProgressBar, type ProgressDisplay } from '../progress.ts';
import { byteCount, parseCount, parseSize, plural } from '../quantities.ts';

const options = {
  require: { type: 'boolean', help: 'fail rather than copy by other means than offload' },
  verify: {
    type: 'boolean',
    help: 'read both files after the copy and compare them, from the disk where possible; always done where the emulator replaces kernel32.dll',
  },
  'no-overwrite': {
    type: 'boolean',
    help: 'refuse an existing destination; by default it is replaced, and removed if the copy fails midway',
  },
  'allow-decrypted': {
    type: 'boolean',
    help: 'copy encrypted files (EFS) also where the copy cannot be encrypted',
  },
  'dry-run': { type: 'boolean', help: 'list what would be copied, and change nothing' },
  chunk: {
    type: 'string',
    value: 'SIZE',
    help: 'most bytes for one offload read or write; default: as the storage prefers',
  },
  concurrency: { type: 'string', value: 'N', help: 'files to copy at the same time, 1 to 64; default 4' },
  progress: {
    type: 'string',
    value: 'json|none',
    choices: ['json', 'none'],
    help: 'write one JSON object per line to stderr, or nothing; default: a bar on a terminal',
  },
} as const;

export const copy: Command = defineCommand({
  name: 'copy',
  operands: 'SRC... DST',
  count: [2, Number.POSITIVE_INFINITY],
  summary: 'copy files, by the storage itself where it can',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'The storage copies. Files of which it can copy nothing, and small ones, are copied by the system. Where it stops in the ' +
      'middle, ordinary reads and writes continue. The report says why and from where.',
    'Several files, or a folder with everything in it, are copied into a folder DST. Symbolic links are not followed. ' +
      'On Windows, * and ? in SRC select files.',
    'Ctrl-C cancels and removes the unfinished file, even where it replaces another one.',
  ],
  fieldNames: { chunkSize: '--chunk', concurrency: '--concurrency', destination: 'DST' },
  advice: {
    ERROR_FILE_EXISTS: 'Choose another name, or leave out --no-overwrite.',
    ERROR_ENCRYPTION_FAILED:
      'Copy to NTFS, or add --allow-decrypted if the contents may be stored unencrypted.',
  },
  options,
  examples: [
    { line: 'copy big.vhdx copy.vhdx --verify', does: 'copy a file and check the copy' },
    {
      line: 'copy big.vhdx copy.vhdx --require --chunk 64MiB',
      does: 'offload all of it, 64 MiB per token, or fail',
    },
    { line: 'copy disk1.img disk2.img backup --concurrency 2', does: 'copy two files into a folder' },
    { line: 'copy images backup --dry-run', does: 'see what a copy of a folder would do' },
    { line: 'copy images backup --no-overwrite --json', does: 'copy a folder, report as JSON' },
    {
      line: 'copy big.vhdx copy.vhdx --emulate --latency 5ms --max-write 16MiB',
      does: 'watch a slow array at work',
    },
  ],
  async run(operands, values, { json, kernels, interruptible }) {
    const settings = settingsOf(values);
    const named = operands.slice(0, -1);
    const sources = process.platform === 'win32' ? await expandWildcards(named) : named;
    const plan = await planCopies(sources, operands.at(-1) ?? '');
    if (values['dry-run']) return dryRun(plan);

    const { odx, isDemonstration } = await kernels.load();
    const { isReport, resultOfMany, resultOfOne } = await import('../copy-report.ts');
    const signal = interruptible();
    const verify = settings.verify || isDemonstration;
    const display = progressDisplay(values.progress, json, plan);
    const onProgress = (progress: CopyProgress): void => display?.update(progress);
    const startedAt = performance.now();
    try {
      await createFolders(plan);
      const pairs = plan.copies.map(({ source, destination }) => [source, destination] as const);
      const outcomes = await odx.copyFiles(pairs, { ...settings, verify, signal, onProgress });
      display?.end();
      const [planned] = plan.copies;
      const [outcome] = outcomes;
      if (!plan.isSingle || planned === undefined || outcome === undefined) {
        const elapsedMs = performance.now() - startedAt;
        return resultOfMany(copy, plan, outcomes, elapsedMs);
      }
      if (isReport(outcome)) return resultOfOne(planned, outcome);
      throw explainFailure(outcome);
    } finally {
      display?.end();
    }
  },
});

const AFTER_INTERRUPTION =
  'The unfinished file was removed, even where it replaced another one; run the same command to start again.';

interface CopySettings {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly allowDecrypted: boolean;
  readonly chunkSize?: number | bigint;
  readonly concurrency?: number;
}

function settingsOf(values: OptionValues<typeof options>): CopySettings {
  const { chunk, concurrency } = values;
  return {
    mode: values.require ? 'require' : 'prefer',
    overwrite: !values['no-overwrite'],
    verify: values.verify ?? false,
    allowDecrypted: values['allow-decrypted'] ?? false,
    ...(chunk !== undefined && { chunkSize: byteCount(parseSize('--chunk', chunk)) }),
    ...(concurrency !== undefined && { concurrency: parseCount('--concurrency', concurrency) }),
  };
}

function dryRun({ copies, skipped }: CopyPlan): CommandResult {
  const failures = skipped.map(({ source, reason }) => `would not be copied: ${source} ${reason}.`);
  return {
    data: { dryRun: true, files: copies, skipped },
    text: [
      ...copies.map(({ source, destination }) => `${source} -> ${destination}`),
      `${plural(copies.length, 'file')} would be copied; nothing was changed`,
    ].join('\n'),
    failures,
    ...(failures.length > 0 && { exitCode: FAILED }),
  };
}

function progressDisplay(
  choice: string | undefined,
  json: boolean,
  { copies }: CopyPlan,
): ProgressDisplay | undefined {
  if (choice === 'json') return jsonProgress(process.stderr);
  if (choice === 'none' || json) return undefined;
  const totalBytes = copies.reduce((total, { bytes }) => total + bytes, 0n);
  return new ProgressBar(process.stderr, totalBytes, copies.length);
}

function explainFailure(error: Error): unknown {
  // In the mode that is not --require, such an error is only the reason of a fallback.
  if (!('action' in error) || error.action !== 'fallback')
    return explainInterruption(error, AFTER_INTERRUPTION);
  return new CommandError(
    error.message,
    'Leave out --require to copy by other means; odx probe says what prevents the offload.',
    { cause: error, code: codeOf(error) },
  );
}
