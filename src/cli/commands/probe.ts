import type { ProbeReport } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { facts, formatExactSize, formatSize } from '../format.ts';

const VERDICTS = {
  capable: 'copy offload can be expected to work here',
  incapable: 'copy offload will not work here',
  unknown: 'only an attempt can tell whether copy offload works here',
} as const;

export const probe: Command = defineCommand({
  name: 'probe',
  operands: 'PATH',
  count: [1, 1],
  summary: 'tell whether a file, folder or volume can be copied by offload, and why not',
  notes: ['Asks file system, filters and device without changing anything.'],
  spelling: { path: 'PATH' },
  options: {},
  examples: [
    { line: 'probe big.vhdx', does: 'ask about a file' },
    { line: 'probe . --json', does: 'ask about the working folder, answer in JSON' },
  ],
  async run([path = ''], _values, { kernels }) {
    const { odx } = await kernels.bind();
    const report = await odx.probe(path);
    return { data: report, text: describe(path, report) };
  },
});

function describe(path: string, report: ProbeReport): string {
  const { copyOffload: device, filters } = report;
  return [
    `${path}: ${report.verdict}, ${VERDICTS[report.verdict]}`,
    ...report.reasons.map((reason) => `  - ${reason}`),
    facts([
      ['file system', report.fileSystem ?? 'not known'],
      ['location', report.location === 'unknown' ? 'not known' : report.location],
      ['read-only', report.readOnly ? 'yes' : undefined],
      ['sector', formatSize(BigInt(report.sectorSize))],
      ['size', report.size === undefined ? undefined : formatExactSize(report.size)],
      ['attributes', report.attributes.length > 0 ? report.attributes.join(', ') : undefined],
      ['one token covers', device && atMost(device.maximumTransferBytes)],
      ['best transfer', device && sizeOrUnsaid(device.optimalTransferBytes)],
      ['token lifetime', device && lifetime(device)],
      ['filters', filters && (filters.length === 0 ? 'none' : filters.map(describeFilter).join(', '))],
    ]),
  ].join('\n');
}

function atMost(bytes: bigint): string {
  return bytes === 0n ? 'not said' : `up to ${formatSize(bytes)}`;
}

function sizeOrUnsaid(bytes: bigint): string {
  return bytes === 0n ? 'not said' : formatSize(bytes);
}

function lifetime(device: NonNullable<ProbeReport['copyOffload']>): string {
  const { defaultTokenLifetime: usual, maximumTokenLifetime: longest } = device;
  if (usual === 0 && longest === 0) return 'not said';
  return `${usual} s, at most ${longest} s`;
}

function describeFilter({
  name,
  offloadRead,
  offloadWrite,
}: NonNullable<ProbeReport['filters']>[number]): string {
  if (offloadRead && offloadWrite) return name;
  const lacks = [offloadRead ? '' : 'reads', offloadWrite ? '' : 'writes'].filter((word) => word !== '');
  return `${name} (lets no offload ${lacks.join(' and ')} pass)`;
}
