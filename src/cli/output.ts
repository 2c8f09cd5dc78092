import { rm, writeFile } from 'node:fs/promises';
import { styleText } from 'node:util';
import { CommandError, codeOf, errorProperties, fileError } from './errors.ts';

/** Adds a colour, which Node.js leaves out where the stream is no terminal or NO_COLOR is set. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}

/** The width of a terminal; Infinity for a file or a pipe, where lines are not wrapped. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
}

/** Breaks a text between words into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Prefixes a message, and wraps it for a terminal. */
export function paragraph(prefix: string, text: string, stream: NodeJS.WriteStream): string {
  const columns = columnsOf(stream);
  return text
    .split('\n')
    .flatMap((line, index) => wrap(index === 0 ? `${prefix} ${line}` : line, columns))
    .join('\n')
    .slice(prefix.length);
}

/** Two columns: names, and texts that are wrapped beside their names, or beneath them where there is little room. */
export function table(
  rows: readonly (readonly [name: string, text: string | undefined])[],
  columns: number,
): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  const room = columns - width - 2;
  if (room < NARROWEST_TEXT) {
    return shown
      .flatMap(([name, text]) => [`  ${name}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)])
      .join('\n');
  }
  return shown
    .flatMap(([name, text]) =>
      wrap(text, room).map((line, index) => `  ${(index === 0 ? name : '').padEnd(width)}${line}`),
    )
    .join('\n');
}

const NARROWEST_TEXT = 26;

/** A table for stdout. */
export function facts(rows: readonly (readonly [name: string, text: string | undefined])[]): string {
  return table(rows, columnsOf(process.stdout));
}

/** A JSON document in which a bigint is a decimal string and an error is an object. */
export function toJson(data: unknown, indent = 2): string {
  return JSON.stringify(
    data,
    function (this: Record<string, unknown>, key, value: unknown) {
      // The error itself, not what its toJSON returned.
      const original = this[key];
      if (original instanceof Error) return errorProperties(original);
      return typeof value === 'bigint' ? value.toString() : value;
    },
    indent,
  );
}

/** Creates a file. With `force` it replaces an existing one, which is removed first because it would keep its mode. */
export async function writeNewFile(
  path: string,
  data: string | Uint8Array,
  { force, mode = 0o666 }: { force: boolean; mode?: number },
): Promise<void> {
  try {
    if (force) await rm(path, { force: true });
    await writeFile(path, data, { flag: 'wx', mode });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw fileError(path, 'written', error);
    throw new CommandError(`${path} already exists.`, 'Choose another name, or add --force to replace it.', {
      code: 'EEXIST',
    });
  }
}
