import type { CopyReport } from '../index.ts';
import { complain } from './errors.ts';
import { facts, formatDuration, formatExactSize, formatRate, formatSize, plural } from './format.ts';

/** What a copy did, for people: how much each way of copying did, and why not all of it was offloaded. */
export function describeReport(report: CopyReport, checked: boolean): string {
  const { bytes, offloadedBytes, zeroedBytes, bufferedBytes, elapsedMs } = report;
  const calls = `${plural(report.reads, 'offload read')}, ${plural(report.writes, 'offload write')}`;
  return facts([
    ['bytes', `${formatExactSize(bytes)} in ${formatDuration(elapsedMs)}, ${formatRate(bytes, elapsedMs)}`],
    [
      'offloaded',
      offloadedBytes > 0n ? `${share(offloadedBytes, bytes)} (${calls})` : nothingOffloaded(report),
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

function nothingOffloaded({ bytes, zeroedBytes, fallback, writes }: CopyReport): string | undefined {
  if (bytes === 0n) return 'nothing, the file is empty';
  if (fallback !== undefined) return 'nothing';
  if (zeroedBytes > 0n || writes > 0) return undefined;
  return 'nothing: small files are copied by ordinary means, as Windows does; --require offloads them too';
}

function describeFallback({ reason, at }: NonNullable<CopyReport['fallback']>): string {
  return `from offset ${at}: ${complain(reason).sentence}`;
}

/** Several reports as one. */
export function sumReports(reports: readonly CopyReport[], elapsedMs: number): CopyReport {
  const sum = (pick: (report: CopyReport) => bigint): bigint =>
    reports.reduce((total, report) => total + pick(report), 0n);
  const fallback = reports.find((report) => report.fallback !== undefined)?.fallback;
  return {
    bytes: sum((report) => report.bytes),
    offloadedBytes: sum((report) => report.offloadedBytes),
    zeroedBytes: sum((report) => report.zeroedBytes),
    bufferedBytes: sum((report) => report.bufferedBytes),
    reads: reports.reduce((total, report) => total + report.reads, 0),
    writes: reports.reduce((total, report) => total + report.writes, 0),
    elapsedMs,
    ...(fallback && { fallback }),
  };
}
