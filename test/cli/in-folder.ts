import { join } from 'node:path';
import { type Finished, odx, type RunOptions, temporaryFolder } from './odx-process.ts';

/** What a test does in its own folder. */
export interface Folder {
  path(...names: string[]): string;
  /** Runs odx with the folder as its working folder. */
  odx(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The same with --emulate. */
  run(command: string, ...args: string[]): Promise<Finished>;
}

/** Gives each test a folder with what `fill` puts there, so that tests may run beside one another. */
export function folderFor(
  fill: (path: Folder['path']) => void,
): <Row extends unknown[]>(
  test: (folder: Folder, ...row: Row) => Promise<void>,
) => (...row: Row) => Promise<void> {
  return (test) =>
    async (...row) => {
      const { path: cwd, remove } = temporaryFolder();
      const path = (...names: string[]): string => join(cwd, ...names);
      try {
        fill(path);
        await test(
          {
            path,
            odx: (args, options) => odx(args, { cwd, ...options }),
            run: (command, ...args) => odx([command, '--emulate', ...args], { cwd }),
          },
          ...row,
        );
      } finally {
        remove();
      }
    };
}
