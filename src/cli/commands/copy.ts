import type { CopyProgress } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { isReport, outcomeOfMany, outcomeOfOne } from '../copy-outcome.ts';
import { type CopyPlan, makeFolders, planCopies } from '../copy-plan.ts';
import { unlessInterrupted } from '../errors.ts';
import type { Values } from '../options.ts';
import { ProgressBar } from '../progress.ts';
import { parseCount, parseSize, plain } from '../size.ts';

const options = {
  require: { type: 'boolean', help: 'fail rather than copy a byte by ordinary reads and writes' },
  verify: {
    type: 'boolean',
    help: 'read both files again afterwards and compare them; always done where the emulator stands in for kernel32.dll',
  },
  'no-overwrite': {
    type: 'boolean',
    help: 'refuse a destination that is there; the default replaces it, and a copy that fails midway removes it',
  },
  chunk: {
    type: 'string',
    value: 'SIZE',
    help: 'ask for this much per offload read; default: what the storage likes',
  },
  concurrency: { type: 'string', value: 'N', help: 'copy so many files at once, 1 to 64; default 4' },
} as const;

const AFTERWARDS =
  'The half-made file was removed, also where it replaced another; run the same command again to begin anew.';

/** What copyFiles takes. */
interface CopyOptions {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly chunkSize?: number | bigint;
  readonly concurrency?: number;
  readonly onProgress: (progress: CopyProgress) => void;
}

export const copy: Command = defineCommand({
  name: 'copy',
  operands: 'SRC... DST',
  count: [2, Number.POSITIVE_INFINITY],
  summary: 'copy files by offloaded transfer',
  notes: [
    'The storage copies; where it cannot, ordinary reads and writes take over and the report says why and from where. ' +
      'Several files, or a folder with all it holds, are copied into a folder DST; links are not followed. ' +
      'Ctrl-C cancels and removes the half-made file, also where it replaces another.',
  ],
  spelling: { chunkSize: '--chunk', concurrency: '--concurrency', destination: 'DST' },
  options,
  examples: [
    { line: 'copy big.vhdx copy.vhdx --verify', does: 'copy a file and check the copy' },
    {
      line: 'copy big.vhdx copy.vhdx --require --chunk 64MiB',
      does: 'offload it all, 64 MiB a token, or fail',
    },
    { line: 'copy disk1.img disk2.img backup --concurrency 2', does: 'copy two files into a folder' },
    { line: 'copy images backup --no-overwrite --json', does: 'copy a folder, report as JSON' },
    {
      line: 'copy big.vhdx copy.vhdx --emulate --latency 5ms --max-write 16MiB',
      does: 'watch a slow array at work',
    },
  ],
  async run(operands, values, { json, kernels, interruptible }) {
    const destination = operands.at(-1) ?? '';
    const settings = optionsOf(values);
    const plan = await planCopies(operands.slice(0, -1), destination);
    const { odx, isDemonstration } = await kernels.bind();
    const signal = interruptible();
    const progress = json ? undefined : new ProgressBar(process.stderr, sizeOf(plan), plan.copies.length);
    const verify = settings.verify || isDemonstration;
    const given = { ...settings, verify, signal, onProgress: (now: CopyProgress) => progress?.update(now) };
    try {
      await makeFolders(plan);
      const begun = performance.now();
      const pairs = plan.copies.map(({ source, destination }) => [source, destination] as const);
      const slots = await odx.copyFiles(pairs, given);
      progress?.end();
      const [planned] = plan.copies;
      const [slot] = slots;
      if (!plan.single || planned === undefined || slot === undefined) {
        return outcomeOfMany(plan, slots, verify, performance.now() - begun);
      }
      if (isReport(slot)) return outcomeOfOne(planned, slot, verify);
      throw unlessInterrupted(slot, AFTERWARDS);
    } finally {
      progress?.end();
    }
  },
});

function optionsOf(values: Values<typeof options>): Omit<CopyOptions, 'signal' | 'onProgress'> {
  const { chunk, concurrency } = values;
  return {
    mode: values.require ? 'require' : 'prefer',
    overwrite: !values['no-overwrite'],
    verify: values.verify ?? false,
    ...(chunk !== undefined && { chunkSize: plain(parseSize('--chunk', chunk)) }),
    ...(concurrency !== undefined && { concurrency: parseCount('--concurrency', concurrency) }),
  };
}

function sizeOf(plan: CopyPlan): bigint {
  return plan.copies.reduce((total, { bytes }) => total + bytes, 0n);
}
