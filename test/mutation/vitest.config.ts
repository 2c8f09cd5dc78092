import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Each part is held to its own tests: with all of them, a break takes several seconds instead of one.
const TESTS = {
  calls: ['test/{calls,request,wire}/**/*.test.ts', 'test/{describe,errors,json,path,token,trace}.test.ts'],
  copy: [
    'test/{calls,copy,emulator,properties,request}/**/*.test.ts',
    'test/{describe,errors,json,path,token,trace}.test.ts',
  ],
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
