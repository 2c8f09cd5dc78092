import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { filesIn, root } from './built.ts';

/** One import or re-export of a source file. Paths are relative to the package, with forward slashes. */
export interface Import {
  readonly from: string;
  /** A path of the package, or the name of another one: `koffi`, `node:fs`. */
  readonly to: string;
}

const STATEMENT = /^\s*(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

export function sourceFiles(): string[] {
  return ['src', 'structs']
    .flatMap((folder) => filesIn(join(root, folder)))
    .filter((path) => path.endsWith('.ts'))
    .map(named)
    .sort();
}

export function importsOf(file: string, text: string = readFileSync(join(root, file), 'utf8')): Import[] {
  const bare = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return [...bare.matchAll(STATEMENT), ...bare.matchAll(DYNAMIC)].map(([, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.') ? named(join(root, dirname(file), specifier)) : specifier,
  }));
}

function named(path: string): string {
  return relative(root, path).split(sep).join('/');
}
