import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from '../built.ts';

/** An import or re-export in a source file. Paths are relative to the root of the package, with forward slashes. */
export interface Import {
  readonly from: string;
  /** A path in this package, or the name of another module: `koffi`, `node:fs`. */
  readonly to: string;
}

const STATEMENT = /^\s*(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** Every TypeScript file in src and structs. */
export function sourceFiles(): string[] {
  return ['src', 'structs']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/'))
    .sort();
}

/** The imports of a file, dynamic ones included; `text` replaces its content. */
export function importsOf(file: string, text: string = readFileSync(join(ROOT, file), 'utf8')): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(STATEMENT), ...code.matchAll(DYNAMIC)].map(([, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.') ? pathInPackage(join(ROOT, dirname(file), specifier)) : specifier,
  }));
}

function pathInPackage(path: string): string {
  return relative(ROOT, path).split(sep).join('/');
}
