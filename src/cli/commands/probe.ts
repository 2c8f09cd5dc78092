import { guide } from '../../help.ts';
import type { ProbeReport } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { columnsOf, table, wrap } from '../output.ts';
import { formatExactSize, formatSize } from '../quantities.ts';

export const probe: Command = defineCommand({
  name: 'probe',
  operands: 'PATH',
  count: [1, 1],
  summary: 'check whether a path supports copy offload',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'PATH is a file, a folder or a device. Queries the file system, the filter drivers and the device, and says what ' +
      'prevents copy offload. Changes nothing and copies nothing: only a real copy proves that the storage offloads.',
  ],
  fieldNames: { path: 'PATH' },
  options: {},
  examples: [
    { line: 'probe big.vhdx', does: 'query a file' },
    { line: 'probe . --json', does: 'query the working folder, answer in JSON' },
  ],
  async run([path = ''], _values, { kernels }) {
    const { odx } = await kernels.load();
    const report = await odx.probe(path);
    return { data: report, text: describeProbe(path, report, columnsOf(process.stdout)) };
  },
});

const VERDICTS = {
  capable: 'copy offload should work here',
  incapable: 'copy offload does not work here',
  unknown: 'only a copy can show whether copy offload works here',
} as const;

/** The report for people, in lines of at most `columns` characters, except for the address of the help. */
export function describeProbe(path: string, report: ProbeReport, columns: number): string {
  const { copyOffload: device, filters } = report;
  return [
    ...wrap(`${path}: ${report.verdict}, ${VERDICTS[report.verdict]}`, columns),
    ...report.reasons.flatMap((reason) =>
      wrap(reason, columns - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`),
    ),
    table(
      [
        ['file system', report.fileSystem ?? 'not known'],
        ['location', report.location === 'unknown' ? 'not known' : report.location],
        ['read-only', report.readOnly ? 'yes' : undefined],
        ['sector', formatSize(BigInt(report.sectorSize))],
        ['size', report.size === undefined ? undefined : formatExactSize(report.size)],
        ['attributes', report.attributes.length > 0 ? report.attributes.join(', ') : undefined],
        ['one token covers', device && largest(device.maximumTransferBytes)],
        ['best transfer', device && sizeOrUnknown(device.optimalTransferBytes)],
        ['token lifetime', device && lifetime(device)],
        ['filters', filters && (filters.length === 0 ? 'none' : filters.map(describeFilter).join(', '))],
      ],
      columns,
    ),
    ...(report.verdict === 'capable' ? [] : [`help: ${guide('diagnose.md')}`]),
  ].join('\n');
}

function largest(bytes: bigint): string {
  return bytes === 0n ? 'not reported' : `up to ${formatSize(bytes)}`;
}

function sizeOrUnknown(bytes: bigint): string {
  return bytes === 0n ? 'not reported' : formatSize(bytes);
}

function lifetime(device: NonNullable<ProbeReport['copyOffload']>): string {
  const { defaultTokenLifetime: usual, maximumTokenLifetime: longest } = device;
  if (usual === 0 && longest === 0) return 'not reported';
  return `${usual} s, at most ${longest} s`;
}

function describeFilter({
  name,
  offloadRead,
  offloadWrite,
  isLegacy,
}: NonNullable<ProbeReport['filters']>[number]): string {
  if (offloadRead && offloadWrite) return name;
  if (isLegacy) return `${name} (legacy)`;
  const blocked = [offloadRead ? '' : 'reads', offloadWrite ? '' : 'writes'].filter((word) => word !== '');
  return `${name} (blocks offload ${blocked.join(' and ')})`;
}
