import type { CopyReport, OdxError } from '../index.ts';
import type { Outcome } from './command.ts';
import type { CopyPlan, PlannedCopy } from './copy-plan.ts';
import { describeReport, sumReports } from './copy-report.ts';
import { complain, FAILED, INTERRUPTED } from './errors.ts';
import { plural } from './format.ts';

/** The outcome of one file copied to one file. */
export function outcomeOfOne(
  { source, destination }: PlannedCopy,
  report: CopyReport,
  checked: boolean,
): Outcome {
  return {
    data: { source, destination, ...report, verified: checked },
    text: `${source} -> ${destination}\n${describeReport(report, checked)}`,
  };
}

/** The outcome of several copies, some of which may have failed. */
export function outcomeOfMany(
  plan: CopyPlan,
  slots: readonly (CopyReport | OdxError)[],
  checked: boolean,
  elapsedMs: number,
): Outcome {
  const reports = slots.filter(isReport);
  const total = sumReports(reports, elapsedMs);
  const interrupted = slots.filter(isInterrupted).length;
  const refusals = [
    ...plan.unplanned.map(({ source, reason }) => `odx: not copied: ${source} ${reason}.`),
    ...plan.copies.flatMap(({ source }, index) => {
      const slot = slots[index];
      if (slot === undefined || isReport(slot) || isInterrupted(slot)) return [];
      return [`odx: not copied: ${source}: ${complain(slot).sentence}`];
    }),
    ...(interrupted > 0
      ? [`odx: Interrupted with ${plural(interrupted, 'file')} to go; what was half-made was removed.`]
      : []),
  ];
  const fallbacks = describeFallbacks(plan, slots);
  const done = reports.length;
  const verified = checked && done > 0;
  const all = plan.copies.length + plan.unplanned.length;
  const head = done === all ? `${plural(done, 'file')} copied` : `${done} of ${plural(all, 'file')} copied`;
  return {
    data: {
      ...total,
      verified,
      files: [
        ...plan.copies.map((planned, index) => fileDocument(planned, slots[index])),
        ...plan.unplanned.map(({ source, reason, code }) => ({
          source,
          error: { ...(code !== undefined && { code }), message: `${source} ${reason}.` },
        })),
      ],
    },
    text:
      done === 0
        ? head
        : [head, describeReport(total, verified, fallbacks.length > 0), ...fallbacks].join('\n'),
    refusals,
    ...(refusals.length > 0 && { exitCode: interrupted > 0 ? INTERRUPTED : FAILED }),
  };
}

// A storage that refuses one file mostly refuses them all, and for the same reason.
function describeFallbacks(plan: CopyPlan, slots: readonly (CopyReport | OdxError)[]): string[] {
  const groups = new Map<string, { first: string; count: number; at: bigint; sentence: string }>();
  for (const [index, slot] of slots.entries()) {
    if (!isReport(slot) || slot.fallback === undefined) continue;
    const { reason, at } = slot.fallback;
    const group = groups.get(reason.code);
    if (group !== undefined) group.count++;
    else {
      const first = plan.copies[index]?.source ?? '';
      groups.set(reason.code, { first, count: 1, at, sentence: complain(reason).sentence });
    }
  }
  return [...groups.values()].map(
    ({ first, count, at, sentence }) =>
      `${plural(count, 'file')} not wholly offloaded, ${first} from offset ${at}: ${sentence}`,
  );
}

function fileDocument({ source, destination }: PlannedCopy, slot: CopyReport | OdxError | undefined): object {
  return slot instanceof Error ? { source, destination, error: slot } : { source, destination, ...slot };
}

function isInterrupted(slot: CopyReport | OdxError): boolean {
  return !isReport(slot) && slot.code === 'ABORT_ERR';
}

export function isReport(slot: CopyReport | OdxError): slot is CopyReport {
  return !(slot instanceof Error);
}
