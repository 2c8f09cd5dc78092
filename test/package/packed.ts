import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './built.ts';

/** What `npm pack` makes of the package as it is built now. */
export interface Packed {
  readonly tarball: string;
  /** Paths within the package. */
  readonly files: readonly string[];
}

/** Without the scripts of the package: they would build once more, under the feet of the other tests. */
export function pack(folder: string): Packed {
  const npm = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const output = execFileSync('npm', npm, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename, files }] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, filename), files: files.map(({ path }) => path).sort() };
}

/** A project that has the packed package installed, and its dependencies where npm puts them. */
export function install({ tarball }: Packed, project: string): void {
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'win-odx'));
  for (const name of ['koffi', 'zod']) symlinkSync(join(root, 'node_modules', name), join(modules, name));
}
