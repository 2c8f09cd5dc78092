import type { CopyProgress, CopyReport, Odx, OdxError } from '../../index.ts';
import { type Command, defineCommand, type Outcome, type Values } from '../command.ts';
import { type CopyPlan, makeFolders, type PlannedCopy, planCopies } from '../copy-plan.ts';
import { describeReport, sumReports } from '../copy-report.ts';
import { complain, FAILED } from '../errors.ts';
import { plural } from '../format.ts';
import { ProgressBar } from '../progress.ts';
import { parseCount, parseSize } from '../size.ts';

const options = {
  require: { type: 'boolean', help: 'fail rather than copy a byte by ordinary reads and writes' },
  verify: { type: 'boolean', help: 'read both files again afterwards and compare them' },
  'no-overwrite': { type: 'boolean', help: 'refuse a destination that is there; the default replaces it' },
  chunk: {
    type: 'string',
    value: 'SIZE',
    help: 'ask for this much per offload read; default: what the storage likes',
  },
  concurrency: { type: 'string', value: 'N', help: 'copy so many files at once, 1 to 64; default 4' },
} as const;

/** What copyFile and copyFiles take alike. */
interface CopyOptions {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly chunkSize?: bigint;
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
      'Ctrl-C cancels and removes the half-made file.',
  ],
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
    const settings = settingsOf(values);
    const plan = await planCopies(operands.slice(0, -1), destination);
    const { odx } = await kernels.bind();
    const signal = interruptible();
    const progress = json ? undefined : new ProgressBar(process.stderr, sizeOf(plan), plan.copies.length);
    const given = { ...settings.options, signal, onProgress: (now: CopyProgress) => progress?.update(now) };
    try {
      const [first] = plan.copies;
      if (plan.single && first !== undefined) return await copyOne(odx, first, given, progress);
      await makeFolders(plan);
      return await copyMany(odx, plan, given, settings.concurrency, progress);
    } finally {
      progress?.end();
    }
  },
});

function settingsOf(values: Values<typeof options>): {
  options: Omit<CopyOptions, 'signal' | 'onProgress'>;
  concurrency: number | undefined;
} {
  const { chunk, concurrency } = values;
  return {
    options: {
      mode: values.require ? 'require' : 'prefer',
      overwrite: !values['no-overwrite'],
      verify: values.verify ?? false,
      ...(chunk !== undefined && { chunkSize: parseSize('--chunk', chunk) }),
    },
    concurrency: concurrency === undefined ? undefined : parseCount('--concurrency', concurrency),
  };
}

function sizeOf(plan: CopyPlan): bigint {
  return plan.copies.reduce((total, { bytes }) => total + bytes, 0n);
}

async function copyOne(
  odx: Odx,
  { source, destination }: PlannedCopy,
  given: CopyOptions,
  progress: ProgressBar | undefined,
): Promise<Outcome> {
  const report = await odx.copyFile(source, destination, given);
  progress?.end();
  return {
    data: { source, destination, ...report, verified: given.verify },
    text: `${source} -> ${destination}\n${describeReport(report, given.verify)}`,
  };
}

async function copyMany(
  odx: Odx,
  plan: CopyPlan,
  given: CopyOptions,
  concurrency: number | undefined,
  progress: ProgressBar | undefined,
): Promise<Outcome> {
  const begun = performance.now();
  const pairs = plan.copies.map(({ source, destination }) => [source, destination] as const);
  const slots = await odx.copyFiles(pairs, { ...given, ...(concurrency !== undefined && { concurrency }) });
  progress?.end();
  const aborted = slots.find((slot) => slot instanceof Error && slot.code === 'ABORT_ERR');
  if (given.signal.aborted && aborted !== undefined) throw aborted;

  const total = sumReports(slots.filter(isReport), performance.now() - begun);
  const refusals = [
    ...plan.unplanned.map(({ source, reason }) => `not copied: ${source} ${reason}.`),
    ...plan.copies.flatMap(({ source }, index) => {
      const slot = slots[index];
      return slot instanceof Error ? [`not copied: ${source}: ${complain(slot).sentence}`] : [];
    }),
  ];
  const done = slots.filter(isReport).length;
  const all = plan.copies.length + plan.unplanned.length;
  const head = done === all ? `${plural(done, 'file')} copied` : `${done} of ${plural(all, 'file')} copied`;
  return {
    data: {
      ...total,
      verified: given.verify,
      files: [
        ...plan.copies.map((planned, index) => fileDocument(planned, slots[index])),
        ...plan.unplanned.map(({ source, reason }) => ({
          source,
          error: { message: `${source} ${reason}.` },
        })),
      ],
    },
    text: [...refusals, head, describeReport(total, given.verify && done > 0)].join('\n'),
    ...(refusals.length > 0 && { exitCode: FAILED }),
  };
}

function fileDocument({ source, destination }: PlannedCopy, slot: CopyReport | OdxError | undefined): object {
  return slot instanceof Error ? { source, destination, error: slot } : { source, destination, ...slot };
}

function isReport(slot: CopyReport | OdxError): slot is CopyReport {
  return !(slot instanceof Error);
}
