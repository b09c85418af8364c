import type { Logger } from 'pino';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import { isHostMark } from '../../providers/blob/host-marks.ts';
import { sessionOfHistoryPlace } from '../../providers/blob/history-copies.ts';
import type { Lease } from '../../providers/store/lease.ts';
import type { Leftovers } from '../../providers/store/leftovers.ts';

const PERIOD_MS = 3_600_000;

export interface BlobSweep {
  /** One sweep, if this process has the role. Returns how many blobs went. Rejects with `unavailable`; nothing is lost by that. */
  sweep(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
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
  blobs: Pick<BlobStore, 'sweep'>;
  leftovers: Leftovers;
  lease: Lease;
  graceMs: number;
  historyMs: number;
  log: Logger;
}): BlobSweep {
  const { blobs, leftovers, lease, graceMs, historyMs, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<unknown> | undefined;

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
    if (removed + outlived > 0)
      log.info({ blobs: removed + outlived }, 'blobs that nothing needs are removed');
    return removed + outlived;
  }

  return {
    sweep,
    start() {
      timer = setInterval(() => {
        round ??= sweep()
          .catch((error: unknown) => log.warn({ err: error }, 'sweeping blobs was cut short and is repeated'))
          .finally(() => {
            round = undefined;
          });
      }, PERIOD_MS);
    },
    async stop() {
      clearInterval(timer);
      await round;
      await lease.release();
    },
  };
}
