import { defineConfig } from 'vitest/config';

/** Runs suites of this folder as another user, who may not write here: `ordinary-user.integration.test.ts` starts it. */
export default defineConfig({
  test: {
    include: [
      '**/limits/*.integration.test.ts',
      '**/{driver,isolation,faults,hostile-limits,limits,network,packages,programs,sources,state}.integration.test.ts',
    ],
    root: import.meta.dirname,
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
