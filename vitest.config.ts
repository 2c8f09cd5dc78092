import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'threads',
    // One more than there are processors, because some tests only wait for a process or a clock. Vitest would use one less.
    maxWorkers: availableParallelism() + 1,
    // Files share their imports, because loading Koffi and Zod for each file takes longer than most of the tests.
    isolate: false,
    testTimeout: 60_000,
    coverage: {
      include: ['src/**', 'structs/**'],
      reporter: ['json'],
      reportOnFailure: true,
    },
  },
});

export default config;
