import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, Section } from '../figure.ts';
import { ROOT } from '../workspace.ts';

const MIB = 1_048_576;

/** What an installation takes, with the binary of Koffi for this platform alone. */
export function installedSize(): Section {
  const binary = `@koromix/koffi-${process.platform}-${process.arch}`;
  const sizes = [
    ['win-odx', packed()],
    ...['koffi', binary, 'zod'].map((name) => [name, sizeOf(join(ROOT, 'node_modules', name))] as const),
  ] as const;
  const figures = sizes.map(([name, bytes]): Figure => ({ name, value: bytes / MIB, unit: 'MiB' }));
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  return { title: 'Installed', figures: [...figures, { name: 'together', value: total / MIB, unit: 'MiB' }] };
}

// Without scripts, which would build anew what others may be using.
function packed(): number {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const shell = process.platform === 'win32';
  const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', shell });
  const described = JSON.parse(output) as readonly { readonly unpackedSize: number }[];
  return described[0]?.unpackedSize ?? Number.NaN;
}

function sizeOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
