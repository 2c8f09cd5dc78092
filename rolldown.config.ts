import { defineConfig, type RolldownOptions } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const entries = {
  index: 'src/index.ts',
  emulator: 'src/emulator/index.ts',
  kernel32: 'src/kernel/kernel32.ts',
  structs: 'src/structs.ts',
};
const shared: RolldownOptions = { platform: 'node', external: ['koffi', 'zod'], logLevel: 'warn' };
// Readable names in stack traces and in the declarations.
const output = { dir: 'dist', chunkFileNames: 'shared/[name].js', minifyInternalExports: false };

// The code and its declarations are bundled apart, because only declarations may be tree-shaken: the bundler takes
// calls such as BigInt(value) for pure and would drop them, but here they are made because they throw.
const config: RolldownOptions[] = defineConfig([
  {
    ...shared,
    input: { ...entries, odx: 'src/cli/odx.ts' },
    treeshake: false,
    output: { ...output, cleanDir: true },
  },
  {
    ...shared,
    input: entries,
    plugins: [dts({ emitDtsOnly: true, oxc: { stripInternal: true } })],
    // For Symbol.dispose: consumers need not have it in their own `lib`. The bundler drops the directive of the source.
    output: { ...output, banner: '/// <reference lib="esnext.disposable" />' },
  },
]);

export default config;
