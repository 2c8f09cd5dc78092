import type { Explanation } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { facts, hex } from '../format.ts';

export const explain: Command = defineCommand({
  name: 'explain',
  operands: 'CODE',
  count: [1, 1],
  summary: 'say what a Win32 error, an NTSTATUS or a control code means and what to do',
  notes: ['CODE is a number as Windows gives it, decimal or hexadecimal, or a name in any letter case.'],
  spelling: { code: 'CODE' },
  remedy: 'Write a number or a name, such as 315, 0xC0000465 or ERROR_INVALID_TOKEN.',
  negative: true,
  options: {},
  examples: [
    { line: 'explain 315', does: 'a Win32 error by its number' },
    { line: 'explain 0xC0000465', does: 'an NTSTATUS by its number' },
    { line: 'explain ERROR_INVALID_TOKEN', does: 'by its name' },
    { line: 'explain STATUS_INVALID_TOKEN --json', does: 'as JSON' },
    { line: 'explain 0x98268', does: 'a control code by its number' },
    { line: 'explain FSCTL_OFFLOAD_WRITE', does: 'a control code by its name' },
  ],
  async run([code = '']) {
    const { explainStatus } = await import('../../index.ts');
    const explanation = explainStatus(code);
    return { data: explanation, text: describe(explanation) };
  },
});

function describe(explanation: Explanation): string {
  const { name, value, win32, ntstatus, meaning, advice, others = [] } = explanation;
  const lines = [
    `${name}  ${hex(value)} (${value})`,
    facts([
      ['Win32', win32 && win32.name !== name ? `${win32.name} (${win32.value})` : undefined],
      [
        'NTSTATUS',
        ntstatus && ntstatus.name !== name ? `${ntstatus.name} (${hex(ntstatus.value)})` : undefined,
      ],
      ['meaning', meaning],
      ['what to do', advice],
    ]),
  ];
  if (others.length > 0 && win32 !== undefined) {
    lines.push(`The Win32 error ${win32.value} may also stand for:`);
    lines.push(...others.map((other) => `  ${other.name} (${hex(other.value)}): ${other.meaning}`));
  }
  return lines.join('\n');
}
