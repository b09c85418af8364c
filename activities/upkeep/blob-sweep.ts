import type { Logger } from 'pino';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import { isHostMark } from '../../providers/blob/host-marks.ts';
import { sessionOfHistoryPlace } from '../../providers/blob/history-copies.ts';
import type { Lease } from '../../providers/store/lease.ts';
import type { Leftovers } from '../../providers/store/leftovers.ts';
import type { CountRemoved } from '../../providers/telemetry/removed-metric.ts';

const PERIOD_MS = 3_600_000;
/** A worker that is replaced more often than that must come to it too. */
const FIRST_MS = 10 * 60_000;
const LOOSE_PERIOD_MS = 5 * 60_000;
/**
 * How long bytes that were given up, or stored anew, stay: whoever is about to refer to them (a message that names the file, an upload of
 * the same content) has a few minutes at most, by its own time limits.
 */
const LEAST_GRACE_MS = 10 * 60_000;
const AT_ONCE = 500;

export interface BlobSweep {
  /** One sweep, if this process has the role. Returns how many blobs went. Rejects with `unavailable`; nothing is lost by that. */
  sweep(): Promise<number>;
  /** The same for what workspaces gave up or were refused, which counts against their quotas until it is gone. */
  sweepLoose(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
}

/** How long a blob may lie unreferenced by `retention.blob_grace_hours`: long enough to write its row, whatever is set. */
export function blobGraceMs(hours: number): number {
  return Math.max(hours * 3_600_000, LEAST_GRACE_MS);
}

/**
 * Removes blobs that nothing refers to any more, once an hour in one worker among all. What rows refer to stays. Copies that only
 * Temporal's history refers to stay as long as Temporal keeps histories, and go earlier with their session. The marks of hosts stay as
 * long after their last renewal.
 *
 * @param deps.graceMs - how long a blob may lie unreferenced: whoever stores one has so long to write the row.
 * @param deps.historyMs - how long Temporal keeps the history of a closed run.
 */
export function createBlobSweep(deps: {
  blobs: Pick<BlobStore, 'sweep' | 'remove'>;
  leftovers: Leftovers;
  lease: Lease;
  graceMs: number;
  historyMs: number;
  removed?: CountRemoved;
  log: Logger;
}): BlobSweep {
  const { blobs, leftovers, lease, graceMs, historyMs, log } = deps;
  const count = (gone: number): void => deps.removed?.('blobs', gone);
  const timers: NodeJS.Timeout[] = [];
  const rounds = new Map<() => Promise<number>, Promise<unknown>>();

  async function isNeeded(place: string, sha256: string): Promise<boolean> {
    if (isHostMark(place)) return true;
    const sessionId = sessionOfHistoryPlace(place);
    if (sessionId === null) return leftovers.isReferenced(place, sha256);
    return (await leftovers.ended([sessionId])).get(sessionId) !== 'deleted';
  }

  async function sweep(): Promise<number> {
    if (!(await lease.held())) return 0;
    const removed = await blobs.sweep(graceMs, isNeeded);
    const outlived = await blobs.sweep(
      Math.max(graceMs, historyMs),
      async (place) => sessionOfHistoryPlace(place) === null && !isHostMark(place),
    );
    count(removed + outlived);
    if (removed + outlived > 0)
      log.info({ blobs: removed + outlived }, 'blobs that nothing needs are removed');
    return removed + outlived;
  }

  async function sweepLoose(): Promise<number> {
    if (!(await lease.held())) return 0;
    let removed = 0;
    for (const { workspaceId, sha256 } of await leftovers.loose(LEAST_GRACE_MS, AT_ONCE)) {
      const isReferenced = async (): Promise<boolean> => leftovers.isReferenced(workspaceId, sha256);
      const isGone = await blobs.remove(workspaceId, sha256, LEAST_GRACE_MS, isReferenced);
      if (isGone) removed += 1;
      // One that was stored anew a moment ago is looked at again.
      if (isGone || (await isReferenced())) await leftovers.settled(workspaceId, sha256);
    }
    count(removed);
    if (removed > 0) log.info({ blobs: removed }, 'blobs that were given up are removed');
    return removed;
  }

  function every(firstMs: number, periodMs: number, work: () => Promise<number>): void {
    const look = (): void => {
      if (rounds.has(work)) return;
      const round = work()
        .catch((error: unknown) => log.warn({ err: error }, 'sweeping blobs was cut short and is repeated'))
        .finally(() => rounds.delete(work));
      rounds.set(work, round);
    };
    const first = setTimeout(() => {
      look();
      timers.push(setInterval(look, periodMs));
    }, firstMs);
    timers.push(first);
  }

  return {
    sweep,
    sweepLoose,
    start() {
      every(FIRST_MS, PERIOD_MS, sweep);
      every(LOOSE_PERIOD_MS, LOOSE_PERIOD_MS, sweepLoose);
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(rounds.values());
      await lease.release();
    },
  };
}
