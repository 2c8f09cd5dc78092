import { helpFor } from '../../help.ts';
import type { Explanation } from '../../index.ts';
import { type Command, type CommandResult, defineCommand } from '../command.ts';
import { RequestError } from '../errors.ts';
import { columnsOf, facts, wrap } from '../output.ts';
import { withSuggestion } from '../parse.ts';
import { hex, plural } from '../quantities.ts';

export const explain: Command = defineCommand({
  name: 'explain',
  operands: 'CODE|WORDS',
  count: [1, Number.POSITIVE_INFINITY],
  summary: 'explain an error, NTSTATUS or control code',
  usesKernel: false,
  completion: async () => namesOf(await entries()),
  notes: [
    'Says what a code means and what to do. CODE is a number as Windows shows it, decimal or hexadecimal, or a name in any letter case. ' +
      'Other words are searched for in names and meanings.',
  ],
  negativeNumbers: true,
  options: {},
  examples: [
    { line: 'explain 315', does: 'a Win32 error by its number' },
    { line: 'explain 0xC0000465', does: 'an NTSTATUS by its number' },
    { line: 'explain ERROR_INVALID_TOKEN', does: 'an error by its name' },
    { line: 'explain STATUS_INVALID_TOKEN --json', does: 'as JSON' },
    { line: 'explain 0x98268', does: 'a control code by its number' },
    { line: 'explain invalid token', does: 'everything that has both words in its name or its meaning' },
  ],
  async run(operands) {
    const { explainStatus, InvalidArgumentError } = await import('../../index.ts');
    const text = operands.join(' ').trim();
    try {
      const explanation = explainStatus(text);
      const { win32 } = explanation;
      // Control codes and success are no errors.
      const help = win32 === undefined || win32.value === 0 ? undefined : helpFor(win32.name);
      return { data: { ...explanation, help }, text: describe(explanation, help) };
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      return search(text, error);
    }
  },
});

/** A row of the tables that are searched. */
interface Entry {
  readonly name: string;
  readonly value: number;
  /** Of an NTSTATUS, what GetLastError shows. */
  readonly win32?: { readonly name: string; readonly value: number };
  readonly meaning: string;
  readonly advice: string;
}

async function entries(): Promise<Entry[]> {
  const { controlCodes, statuses, win32Statuses } = await import('../../structs.ts');
  const shown = new Set(statuses.map(({ win32 }) => win32.value));
  return [...statuses, ...win32Statuses.filter(({ value }) => !shown.has(value)), ...controlCodes];
}

function namesOf(all: readonly Entry[]): string[] {
  return [...new Set(all.flatMap(({ name, win32 }) => (win32 === undefined ? name : [name, win32.name])))];
}

async function search(text: string, cause: Error): Promise<CommandResult> {
  if (/^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(text)) {
    const range = 'from -2147483648 to 4294967295 (0xFFFFFFFF)';
    throw new RequestError(`CODE is ${text}; a code of Windows is a whole number ${range}.`, { cause });
  }
  const all = await entries();
  const wanted = wordsOf(text);
  const matches = all.filter((entry) => {
    const words = wordsOf([...namesOf([entry]), entry.meaning].join(' '));
    return wanted.length > 0 && wanted.every((each) => words.some((word) => word.startsWith(each)));
  });
  if (matches.length === 0) {
    throw new RequestError(withSuggestion(`Nothing is known about '${text}'`, text, namesOf(all)), {
      cause,
      next: 'Write a number such as 315 or 0xC0000465, a name such as ERROR_INVALID_TOKEN, or words to search for.',
    });
  }
  return {
    data: {
      matches: matches.map(({ name, value, win32, meaning, advice }) => ({
        name,
        value,
        ...(win32 !== undefined && { win32 }),
        meaning,
        advice,
      })),
    },
    text: [...matches.map(describeMatch), plural(matches.length, 'match', 'matches')].join('\n'),
  };
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

function describeMatch({ name, value, win32, meaning }: Entry): string {
  const lines = wrap(meaning, columnsOf(process.stdout) - 2).map((line) => `  ${line}`);
  const also = win32 === undefined ? '' : `, ${win32.name} (${win32.value})`;
  return [`${name} (${hex(value)})${also}`, ...lines].join('\n');
}

function describe(explanation: Explanation, help: string | undefined): string {
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
      ['help', help],
    ]),
  ];
  if (others.length > 0 && win32 !== undefined) {
    lines.push(`The Win32 error ${win32.value} may also stand for:`);
    for (const other of others) {
      const text = `${other.name} (${hex(other.value)}): ${other.meaning}`;
      lines.push(
        ...wrap(text, columnsOf(process.stdout) - 4).map(
          (line, index) => `${index === 0 ? '  ' : '    '}${line}`,
        ),
      );
    }
  }
  return lines.join('\n');
}
