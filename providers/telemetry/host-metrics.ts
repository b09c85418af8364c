import type { SandboxDriver } from '../sandbox/sandbox.ts';
import { inTime } from '../health/in-time.ts';
import type { MetricMakers } from './metric-makers.ts';

const CHECKPOINT_OUTCOMES = ['saved', 'unchanged', 'elsewhere', 'too_large', 'error'] as const;
/** How a checkpoint ended: `saved`, `unchanged` (nothing was to be saved), `elsewhere` (the session went on on another host), `too_large` or `error`. */
export type CheckpointOutcome = (typeof CHECKPOINT_OUTCOMES)[number];

const RESTORE_OUTCOMES = ['restored', 'nothing_saved', 'unreadable', 'error'] as const;
/** How a session that came from a lost host began here: `restored`, `nothing_saved`, `unreadable` (it begins empty) or `error` (tried again). */
export type RestoreOutcome = (typeof RESTORE_OUTCOMES)[number];

/** What a host of sandboxes counts and times. Recording is cheap, never throws and never waits. */
export interface HostMetrics {
  checkpoint(done: { outcome: CheckpointOutcome; seconds: number }): void;
  /** Bytes of a checkpoint that was made: as the agent has them, and as they are stored. */
  checkpointBytes(kind: 'full' | 'changes', bytes: { kept: number; stored: number }): void;
  restore(done: { outcome: RestoreOutcome; seconds: number }): void;
  /** This worker found hosts lost. */
  hostsLost(count: number): void;
  /** Reads how many sandboxes have what no checkpoint holds whenever the metrics are asked for. */
  readUnsaved(count: () => number): void;
  /** Counts the sandboxes of the host by state, twice a minute at most, when the metrics are asked for. */
  readSandboxes(host: string, driver: Pick<SandboxDriver, 'kind' | 'list'>): void;
}

/** Records nothing: for processes without sandboxes, and for tests. */
export const NO_HOST_METRICS: HostMetrics = {
  checkpoint: () => undefined,
  checkpointBytes: () => undefined,
  restore: () => undefined,
  hostsLost: () => undefined,
  readUnsaved: () => undefined,
  readSandboxes: () => undefined,
};

/** A list of them looks into the folder of each. */
const SANDBOXES_FRESH_MS = 30_000;

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export function createHostMetrics({ histogram, counter, gauge, onRead }: MetricMakers): HostMetrics {
  const checkpoints = histogram(
    'checkpoint_duration_seconds',
    'Checkpoints of sandboxes, those that found nothing to save included.',
    ['outcome'],
    SECONDS,
  );
  const bytes = counter('checkpoint_bytes_total', 'Bytes in checkpoints that were made.', ['kind', 'form']);
  const restores = histogram(
    'restore_duration_seconds',
    'Sandboxes that were made anew because their host was lost.',
    ['outcome'],
    SECONDS,
  );
  // What is only there from its first time on has not increased for Prometheus, and alerts nobody.
  for (const outcome of CHECKPOINT_OUTCOMES) checkpoints.zero({ outcome });
  for (const outcome of RESTORE_OUTCOMES) restores.zero({ outcome });
  const lost = counter('sandbox_hosts_lost_total', 'Hosts of sandboxes that this worker found lost.', []);
  return {
    checkpoint: ({ outcome, seconds }) => checkpoints.observe({ outcome }, seconds),
    checkpointBytes(kind, { kept, stored }) {
      bytes.inc({ kind, form: 'kept' }, kept);
      bytes.inc({ kind, form: 'stored' }, stored);
    },
    restore: ({ outcome, seconds }) => restores.observe({ outcome }, seconds),
    hostsLost: (count) => lost.inc(count),
    readUnsaved(count) {
      const unsaved = gauge('unsaved_sandboxes', 'Sandboxes that have what no checkpoint holds.', []);
      onRead(async () => unsaved.set(count()));
    },
    readSandboxes(host, driver) {
      const sandboxes = gauge('sandboxes', 'Sandboxes of the host, by state.', ['host', 'driver', 'state']);
      let readAt = Number.NEGATIVE_INFINITY;
      onRead(async () => {
        if (performance.now() - readAt < SANDBOXES_FRESH_MS) return;
        readAt = performance.now();
        const found = await inTime(
          () => driver.list(),
          () => null,
        ).catch(() => null);
        for (const state of ['running', 'stopped'] as const) {
          const count = found?.filter((sandbox) => sandbox.state === state).length ?? Number.NaN;
          sandboxes.set({ host, driver: driver.kind, state }, count);
        }
      });
    },
  };
}
