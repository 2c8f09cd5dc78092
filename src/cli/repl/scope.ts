import type { Kernels } from '../kernel.ts';

/** Everything of the package under its own name, with the functions bound to the kernel in use. */
export async function replScope(kernels: Kernels): Promise<Record<string, unknown>> {
  const { odx, emulator } = await kernels.bind();
  const [library, { createEmulator }, { loadKernel32 }, layouts] = await Promise.all([
    import('../../index.ts'),
    import('../../emulator/index.ts'),
    import('../../kernel/kernel32.ts'),
    import('../../structs.ts'),
  ]);
  const { kernel: _kernel, ...bound } = odx;
  return {
    ...library,
    ...layouts,
    ...bound,
    odx,
    createEmulator,
    loadKernel32,
    emulator: emulator ?? (await kernels.emulator()),
  };
}
