// One file for each entry of package.json and a few that they share: importing a hundred small ones takes longer than
// all that is in them. The declarations come from tsc.
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: {
    index: 'src/index.ts',
    structs: 'src/structs.ts',
    'kernel/kernel32': 'src/kernel/kernel32.ts',
    'emulator/index': 'src/emulator/index.ts',
    'cli/odx': 'src/cli/odx.ts',
  },
  platform: 'node',
  external: ['koffi', 'zod'],
  // It would leave out calls that it takes to do nothing, although they throw.
  treeshake: false,
});
await bundle.write({
  dir: 'dist/src',
  // As deep as the entries of folders are: what is found relative to a file is found from any.
  chunkFileNames: 'shared/[name].js',
  // Names are kept, for whoever reads a stack trace.
  minifyInternalExports: false,
});
await bundle.close();
