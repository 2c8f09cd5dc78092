import type { CopyReport } from '../index.ts';
import { complain } from './errors.ts';
import { facts, formatDuration, formatExactSize, formatRate, formatSize, plural } from './format.ts';

/**
 * What a copy did, for people: how much each way of copying did, and why not all of it was offloaded. `fellBack` says
 * that some of what the report sums up fell back.
 */
export function describeReport(report: CopyReport, checked: boolean, fellBack = false): string {
  const { bytes, offloadedBytes, zeroedBytes, bufferedBytes, elapsedMs } = report;
  const calls = `${plural(report.reads, 'offload read')}, ${plural(report.writes, 'offload write')}`;
  return facts([
    ['bytes', `${formatExactSize(bytes)} in ${formatDuration(elapsedMs)}, ${formatRate(bytes, elapsedMs)}`],
    [
      'offloaded',
      offloadedBytes > 0n ? `${share(offloadedBytes, bytes)} (${calls})` : nothingOffloaded(report, fellBack),
    ],
    ['zeroed', zeroedBytes > 0n ? `${share(zeroedBytes, bytes)}, which the storage made zeros` : undefined],
    [
      'copied',
      bufferedBytes > 0n ? `${share(bufferedBytes, bytes)} by ordinary reads and writes` : undefined,
    ],
    ['fallback', report.fallback && describeFallback(report.fallback)],
    ['checked', checked ? 'identical: both files were read again and compared' : undefined],
  ]);
}

function share(part: bigint, whole: bigint): string {
  return part === whole ? `all ${formatSize(part)}` : formatSize(part);
}

function nothingOffloaded(report: CopyReport, fellBack: boolean): string | undefined {
  const { bytes, zeroedBytes, fallback, writes } = report;
  if (bytes === 0n) return 'nothing, the file is empty';
  if (fellBack || fallback !== undefined) return 'nothing';
  if (zeroedBytes > 0n || writes > 0) return undefined;
  return 'nothing: small files are copied by ordinary means, as Windows does; --require offloads them too';
}

function describeFallback({ reason, at }: NonNullable<CopyReport['fallback']>): string {
  return `from offset ${at}: ${complain(reason).sentence}`;
}

/** Several reports as one. Why some of them fell back is for each to say. */
export function sumReports(reports: readonly CopyReport[], elapsedMs: number): CopyReport {
  const sum = (pick: (report: CopyReport) => bigint): bigint =>
    reports.reduce((total, report) => total + pick(report), 0n);
  return {
    bytes: sum((report) => report.bytes),
    offloadedBytes: sum((report) => report.offloadedBytes),
    zeroedBytes: sum((report) => report.zeroedBytes),
    bufferedBytes: sum((report) => report.bufferedBytes),
    reads: reports.reduce((total, report) => total + report.reads, 0),
    writes: reports.reduce((total, report) => total + report.writes, 0),
    elapsedMs,
  };
}
