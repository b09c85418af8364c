import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/**
 * Two projects. `unit` needs no server and runs first, on all cores. `integration` starts a real Temporal server, a real PostgreSQL and
 * real sandboxes; its files wait more than they compute, so two of them run at a time. They share nothing but those two servers: every
 * file has its own database, task queue, folders and free ports.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts', 'console/**/*.test.tsx'],
          exclude: ['node_modules', 'data', 'test/integration/**', '**/*.integration.test.ts'],
          pool: 'forks',
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 0 },
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
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
