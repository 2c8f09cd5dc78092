import type { Kernels } from '../kernel.ts';
import { Jobs } from './jobs.ts';

export interface ReplScope {
  readonly scope: Record<string, unknown>;
  /** Which kernel the functions ask. */
  readonly kernel: string;
  readonly jobs: Jobs;
}

/** Everything of the package under its own name, with the functions bound to the kernel in use. */
export async function replScope(kernels: Kernels): Promise<ReplScope> {
  const { odx, emulator } = await kernels.bind();
  const [library, { createEmulator }, { loadKernel32 }, layouts] = await Promise.all([
    import('../../index.ts'),
    import('../../emulator/index.ts'),
    import('../../kernel/kernel32.ts'),
    import('../../structs.ts'),
  ]);
  const jobs = new Jobs(odx);
  const { copyFile, copyFiles } = jobs;
  const stoppable = { ...odx, copyFile, copyFiles };
  const { kernel, ...bound } = stoppable;
  const scope = {
    ...library,
    ...layouts,
    ...bound,
    odx: stoppable,
    createEmulator,
    loadKernel32,
    emulator: emulator ?? (await kernels.emulator()),
  };
  return { scope, jobs, kernel: emulator === undefined ? kernel.name : 'the emulator' };
}
