import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layout, NamedCode } from '../../structs/index.ts';

/** A C compiler that knows the Windows ABI. `others` are the structures of the other pointer size. */
export interface Compiler {
  readonly command: string;
  readonly target: string;
  readonly others: readonly string[];
}

export const compilers: readonly Compiler[] = [
  { command: 'x86_64-w64-mingw32-gcc', target: '64-bit Windows', others: ['OVERLAPPED32'] },
  { command: 'i686-w64-mingw32-gcc', target: '32-bit Windows', others: ['OVERLAPPED', 'OVERLAPPED_ENTRY'] },
];

/** Why a compiler cannot be used here, or undefined if it can. */
export function missingReason({ command }: Compiler): string | undefined {
  if (process.platform === 'win32') return 'the cross compilers are not run under Windows';
  return spawnSync(command, ['--version']).status === 0 ? undefined : `${command} is not installed`;
}

/** Sizes, alignments, offsets and field counts of the layouts as assertions for a C compiler. */
export function assertions(layouts: readonly Layout[]): string {
  return layouts.flatMap((layout) => [...numbers(layout), ...probes(layout)]).join('\n');
}

/** The numbers of macros as assertions for a C compiler. A name that is not defined is an error unless `ifDefined`. */
export function numberAssertions(
  numbers: readonly NamedCode[],
  { ifDefined = false }: { ifDefined?: boolean } = {},
): string {
  const claims = numbers.map(({ name, value }) => {
    const assertion = `_Static_assert((unsigned)${name} == ${value}, "${name} == ${value}");`;
    return ifDefined ? `#ifdef ${name}\n${assertion}\n#endif` : assertion;
  });
  return claims.join('\n');
}

/** Compiles `source` with the assertions and returns the errors, one line each. */
export function compile({ command }: Compiler, source: string, header: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'layouts-'));
  try {
    const path = join(directory, 'layouts.h');
    writeFileSync(path, header);
    const { stderr, status } = spawnSync(
      command,
      [
        '-std=gnu11',
        '-fsyntax-only',
        '-Werror',
        '-Wmissing-field-initializers',
        `-DLAYOUTS="${path}"`,
        source,
      ],
      { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
    );
    const errors = stderr.split('\n').filter((line) => line.includes(' error: '));
    if (status !== 0 && errors.length === 0) errors.push(stderr);
    return errors;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function numbers({ name, size, alignment, fields }: Layout): string[] {
  return [
    claim(`sizeof(${name})`, size),
    claim(`_Alignof(${name})`, alignment),
    ...fields.flatMap((field) => [
      claim(`offsetof(${name}, ${field.name})`, field.offset),
      claim(`sizeof(((${name} *)0)->${field.name})`, field.size),
    ]),
  ];
}

function claim(expression: string, value: number): string {
  return `_Static_assert(${expression} == ${value}, "${expression} == ${value}");`;
}

/**
 * Positional initializers with one value for each field. C rejects one value too many, and
 * -Wmissing-field-initializers one too few, so the compiler counts the fields, also those that Koffi does not have.
 */
function probes({ name, fields }: Layout): string[] {
  const parents = new Map<string, Map<string, string>>([['', new Map()]]);
  for (const field of fields) {
    const [top = '', ...rest] = field.name.split('.');
    parents.get('')?.set(top, rest.length > 0 || isAggregate(field.type) ? '{0}' : scalar(field.type));
    if (rest.length === 0) continue;
    const path = field.name.slice(0, field.name.lastIndexOf('.'));
    if (!parents.has(path)) parents.set(path, new Map());
    parents.get(path)?.set(field.name, isAggregate(field.type) ? '{0}' : scalar(field.type));
  }
  return [...parents].map(([path, values]) => {
    const type = path === '' ? name : `__typeof__(((${name} *)0)->${path})`;
    return `const ${type} ${name}_${path.replaceAll('.', '_')} = { ${[...values.values()].join(', ')} };`;
  });
}

/** 1 except for pointers: `{ 0 }` would initialize the whole structure, and the compiler would not count. */
function scalar(type: string): string {
  return ['HANDLE', 'LPOVERLAPPED'].includes(type) ? '0' : '1';
}

function isAggregate(type: string): boolean {
  return (
    type.endsWith(']') || ['STORAGE_OFFLOAD_TOKEN', 'LARGE_INTEGER', 'FILETIME', 'FILE_ID_128'].includes(type)
  );
}
