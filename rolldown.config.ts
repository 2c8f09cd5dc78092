import { relative } from 'node:path';
import { defineConfig, type RolldownOptions } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const entries = {
  index: 'src/index.ts',
  emulator: 'src/emulator/index.ts',
  kernel32: 'src/kernel/kernel32.ts',
  structs: 'src/structs.ts',
};
const shared: RolldownOptions = { platform: 'node', external: ['koffi', 'zod'] };
// Readable names in stack traces and in the declarations.
const output = { dir: 'dist', chunkFileNames: 'shared/[name].js', minifyInternalExports: false };
const matches =
  (pattern: RegExp) =>
  (path: string): boolean =>
    pattern.test(relative(import.meta.dirname, path).replaceAll('\\', '/'));
const groups = [
  // Files of their own, because the check of Koffi's binary needs the errors, and must run before a file that imports Koffi.
  // The command starts with the first of them alone.
  { name: 'errors', test: matches(/^src\/(errors|describe)\.ts$/), priority: 3 },
  { name: 'native-module', test: matches(/^src\/native-module\.ts$/), priority: 2 },
  // A program that needs the structures alone does not load Zod.
  { name: 'structs', test: matches(/^structs\//), priority: 1 },
  // Everything else that entries share, because importing one file takes less time than importing several.
  { name: 'win-odx', test: matches(/^src\/(?!cli|emulator|structs)/) },
];

// Two bundles, because only the declarations may be tree-shaken: the bundler removes calls such as String(value) whose
// result is unused, although they can throw, and the package makes some of them for that reason.
const config: RolldownOptions[] = defineConfig([
  {
    ...shared,
    input: { ...entries, odx: 'src/cli/odx.ts' },
    treeshake: false,
    // The declarations hold the doc comments.
    output: { ...output, cleanDir: true, comments: { jsdoc: false }, codeSplitting: { groups } },
  },
  {
    ...shared,
    input: entries,
    plugins: [dts({ emitDtsOnly: true, oxc: { stripInternal: true } })],
    // So that Symbol.dispose compiles whatever the `lib` of the consumer is. The bundler drops the directive in the source.
    output: { ...output, banner: '/// <reference lib="esnext.disposable" />' },
  },
]);

export default config;
