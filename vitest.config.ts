import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'threads',
    // All processors: Vitest would leave one idle, half of a small machine.
    maxWorkers: availableParallelism(),
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
