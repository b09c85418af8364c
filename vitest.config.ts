import { defineConfig } from 'vitest/config';

/**
 * Two projects. `unit` needs no server and runs files side by side. `integration` starts a real Temporal server, a real
 * PostgreSQL and real sandboxes; its files run one after another, since they share the machine's two cores.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts', 'console/**/*.test.tsx'],
          exclude: ['node_modules', 'data', 'test/integration/**', '**/*.integration.test.ts'],
          pool: 'forks',
          // Far above what any of them takes: a busy machine must not make a test fail.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', '**/*.integration.test.ts'],
          exclude: ['node_modules', 'data'],
          globalSetup: ['test/harness/global-setup.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
