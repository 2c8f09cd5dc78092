import { defineConfig, type ViteUserConfig } from 'vitest/config';

const ALWAYS = ['test/{calls,request}/**/*.test.ts', 'test/{describe,errors,json,path,token,trace}.test.ts'];

// Each part is held to its own tests: with all of them, a break takes several seconds instead of one.
const TESTS = {
  calls: [...ALWAYS, 'test/wire/**/*.test.ts'],
  copy: [...ALWAYS, 'test/{copy,emulator,properties}/**/*.test.ts'],
};

const config: ViteUserConfig = defineConfig({
  test: {
    include: process.env['WIN_ODX_MUTATE'] === 'copy' ? TESTS.copy : TESTS.calls,
    // The slowest ones, whose cases the others have too.
    exclude: [
      'test/calls/try-offload.test.ts',
      'test/copy/sizes.test.ts',
      'test/emulator/{abort,speed,tokens}.test.ts',
      'test/request/{fuzz,prelude}.test.ts',
    ],
    pool: 'threads',
    isolate: false,
    testTimeout: 30_000,
  },
});

export default config;
