import type { CopyReport, OdxError } from '../index.ts';
import type { Command, CommandResult } from './command.ts';
import type { CopyPlan, PlannedCopy } from './copy-plan.ts';
import { describeError } from './describe-error.ts';
import { errorDocument, FAILED, INTERRUPTED } from './errors.ts';
import { facts } from './output.ts';
import {
  formatCount,
  formatDuration,
  formatExactSize,
  formatRate,
  formatSize,
  plural,
} from './quantities.ts';

type CopyOutcome = CopyReport | OdxError;

/** The result of a copy of one file. Import this file dynamically: it loads the library. */
export function resultOfOne({ source, destination }: PlannedCopy, report: CopyReport): CommandResult {
  return {
    data: { source, destination, ...reportDocument(report) },
    text: `${source} -> ${destination}\n${describeReport(report)}`,
  };
}

/** The result of several copies, some of which may have failed. */
export function resultOfMany(
  command: Command,
  plan: CopyPlan,
  outcomes: readonly CopyOutcome[],
  elapsedMs: number,
): CommandResult {
  const results = plan.copies.flatMap((planned, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [{ planned, outcome }];
  });
  const finished = results.filter(({ outcome }) => isReport(outcome)).map(({ planned }) => planned);
  const total = sumReports(outcomes.filter(isReport), elapsedMs);
  const interrupted = outcomes.filter(isInterrupted).length;
  const failures = [
    ...plan.skipped.map(({ source, reason }) => `not copied: ${source} ${reason}.`),
    ...results.flatMap(({ planned, outcome }) =>
      isReport(outcome) || isInterrupted(outcome)
        ? []
        : [`not copied: ${planned.source}: ${describeError(outcome, command).sentence}`],
    ),
    ...(interrupted === 0
      ? []
      : [`Interrupted with ${plural(interrupted, 'file')} to go; unfinished copies were removed.`]),
  ];
  const fallbacks = describeFallbacks(results);
  const count = plan.copies.length + plan.skipped.length;
  const isComplete = finished.length === count;
  const head = isComplete
    ? `${plural(count, 'file')} copied`
    : `${finished.length} of ${plural(count, 'file')} copied`;
  const lines = [head];
  if (finished.length > 0) lines.push(describeReport(total, fallbacks.length > 0), ...fallbacks);
  // So that the same command can be repeated for the rest.
  if (interrupted > 0)
    lines.push(...finished.map(({ source, destination }) => `  finished: ${source} -> ${destination}`));
  return {
    data: {
      ...reportDocument(total),
      files: [
        ...results.map(({ planned, outcome }) => fileDocument(command, planned, outcome)),
        ...plan.skipped.map(({ source, reason, code }) => ({
          source,
          error: { ...(code !== undefined && { code }), message: `${source} ${reason}.` },
        })),
      ],
    },
    text: lines.join('\n'),
    failures,
    ...(failures.length > 0 && { exitCode: interrupted > 0 ? INTERRUPTED : FAILED }),
  };
}

export function isReport(outcome: CopyOutcome): outcome is CopyReport {
  return !(outcome instanceof Error);
}

function isInterrupted(outcome: CopyOutcome): boolean {
  return !isReport(outcome) && outcome.code === 'ABORT_ERR';
}

/** Says how many bytes were copied in which way, and why not all of them were offloaded. */
function describeReport(report: CopyReport, someFellBack = false): string {
  const { bytes, offloadedBytes, zeroedBytes, systemBytes, bufferedBytes, elapsedMs, verified, fallback } =
    report;
  const calls = `${plural(report.reads, 'offload read')}, ${plural(report.writes, 'offload write')}`;
  return facts([
    ['bytes', `${formatExactSize(bytes)} in ${formatDuration(elapsedMs)}, ${formatRate(bytes, elapsedMs)}`],
    [
      'offloaded',
      offloadedBytes > 0n
        ? `${share(offloadedBytes, bytes)} (${calls})`
        : nothingOffloaded(report, someFellBack),
    ],
    ['zeroed', zeroedBytes > 0n ? `${share(zeroedBytes, bytes)}, zeros that were not read` : undefined],
    [
      'by system',
      systemBytes > 0n ? `${share(systemBytes, bytes)} by the copy function of the system` : undefined,
    ],
    [
      'copied',
      bufferedBytes > 0n ? `${share(bufferedBytes, bytes)} by ordinary reads and writes` : undefined,
    ],
    [
      'fallback',
      fallback && `from offset ${formatCount(fallback.at)}: ${describeError(fallback.reason).sentence}`,
    ],
    ['checked', verified && CHECKED[verified]],
  ]);
}

const CHECKED = {
  disk: 'identical: both files were read again from the disk and compared',
  cache: 'identical: both files were read again and compared, but the cache may have answered for the disk',
} as const;

function share(part: bigint, whole: bigint): string {
  return part === whole ? `all ${formatSize(part)}` : formatSize(part);
}

function nothingOffloaded(report: CopyReport, someFellBack: boolean): string | undefined {
  const { bytes, zeroedBytes, fallback, writes } = report;
  if (bytes === 0n) return 'nothing, the file is empty';
  if (someFellBack || fallback !== undefined) return 'nothing';
  if (zeroedBytes > 0n || writes > 0) return undefined;
  return 'nothing: small files are left to the system; --require offloads them too';
}

/** Adds up several reports. Their fallbacks are not part of the sum. */
function sumReports(reports: readonly CopyReport[], elapsedMs: number): CopyReport {
  const bytes = (pick: (report: CopyReport) => bigint): bigint =>
    reports.reduce((total, report) => total + pick(report), 0n);
  const calls = (pick: (report: CopyReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const verified = reports.find((report) => report.verified !== 'disk') ?? reports[0];
  return {
    bytes: bytes((report) => report.bytes),
    offloadedBytes: bytes((report) => report.offloadedBytes),
    zeroedBytes: bytes((report) => report.zeroedBytes),
    bufferedBytes: bytes((report) => report.bufferedBytes),
    systemBytes: bytes((report) => report.systemBytes),
    reads: calls((report) => report.reads),
    writes: calls((report) => report.writes),
    elapsedMs,
    ...(verified?.verified !== undefined && { verified: verified.verified }),
  };
}

interface CopyResult {
  readonly planned: PlannedCopy;
  readonly outcome: CopyOutcome;
}

// Storage that refuses one file usually refuses all of them, for the same reason.
function describeFallbacks(results: readonly CopyResult[]): string[] {
  const groups = new Map<string, { first: string; count: number; at: bigint; sentence: string }>();
  for (const { planned, outcome } of results) {
    if (!isReport(outcome) || outcome.fallback === undefined) continue;
    const { reason, at } = outcome.fallback;
    const group = groups.get(reason.code);
    if (group !== undefined) group.count++;
    else
      groups.set(reason.code, {
        first: planned.source,
        count: 1,
        at,
        sentence: describeError(reason).sentence,
      });
  }
  return [...groups.values()].map(
    ({ first, count, at, sentence }) =>
      `${plural(count, 'file')} not wholly offloaded, ${first} from offset ${formatCount(at)}: ${sentence}`,
  );
}

function fileDocument(command: Command, { source, destination }: PlannedCopy, outcome: CopyOutcome): object {
  return isReport(outcome)
    ? { source, destination, ...reportDocument(outcome) }
    : { source, destination, error: errorDocument(outcome, describeError(outcome, command)) };
}

function reportDocument(report: CopyReport): object {
  const { fallback } = report;
  const document = { ...report, verified: report.verified ?? false };
  if (fallback === undefined) return document;
  const reason = errorDocument(fallback.reason, describeError(fallback.reason));
  return { ...document, fallback: { ...fallback, reason } };
}
