import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layout } from '../../structs/index.ts';

/** A C compiler that knows the ABI of Windows, and the structures that only exist for its pointer size. */
export interface Compiler {
  readonly command: string;
  readonly target: string;
  readonly others: readonly string[];
}

export const compilers: readonly Compiler[] = [
  { command: 'x86_64-w64-mingw32-gcc', target: '64-bit Windows', others: ['OVERLAPPED32'] },
  { command: 'i686-w64-mingw32-gcc', target: '32-bit Windows', others: ['OVERLAPPED', 'OVERLAPPED_ENTRY'] },
];

/** Why a compiler cannot be used here, or undefined when it can. */
export function whyNot({ command }: Compiler): string | undefined {
  if (process.platform === 'win32') return 'the cross compilers are not run under Windows';
  return spawnSync(command, ['--version']).status === 0 ? undefined : `${command} is not installed`;
}

/** Everything that Koffi says about the layouts, as assertions for a C compiler. */
export function assertions(layouts: readonly Layout[]): string {
  return layouts.flatMap((layout) => [...numbers(layout), ...probes(layout)]).join('\n');
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
 * Initializers by position with one value for each field: C refuses one value too many, and
 * -Wmissing-field-initializers one too few. So the compiler counts the fields, those that Koffi does not know too.
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

/** Not 0 but for pointers: `{ 0 }` alone stands for the whole structure, and the compiler no longer counts. */
function scalar(type: string): string {
  return ['HANDLE', 'LPOVERLAPPED'].includes(type) ? '0' : '1';
}

function isAggregate(type: string): boolean {
  return (
    type.endsWith(']') || ['STORAGE_OFFLOAD_TOKEN', 'LARGE_INTEGER', 'FILETIME', 'FILE_ID_128'].includes(type)
  );
}
