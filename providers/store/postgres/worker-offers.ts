import { createHash } from 'node:crypto';
import type { WorkerOffer } from '../../../core/worker-offer.ts';
import type { WorkerOffers } from '../worker-offers.ts';
import type { Database } from './database.ts';
import { liveWorkerNames } from './worker-registry.ts';

/**
 * The offers of workers on PostgreSQL, a row each. One that was not said again for ten minutes by a worker that is in no registry any more
 * goes when another says as much. What was read is kept by its digest, so that looking often moves little.
 */
export function createPostgresWorkerOffers(database: Database): WorkerOffers {
  let known = new Map<string, WorkerOffer>();

  return {
    async tell(worker, { models, absentTools }) {
      const texts = [models, absentTools].map((value) => value && JSON.stringify(value));
      const digest = createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32);
      await database.query(
        `WITH gone AS (
          DELETE FROM worker_offers o WHERE o.worker <> $1 AND o.told_at < clock_timestamp() - interval '10 minutes'
            AND (o.models IS NULL OR $2::json IS NOT NULL) AND (o.absent_tools IS NULL OR $3::json IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.name = o.worker))
        INSERT INTO worker_offers (worker, models, absent_tools, digest, told_at) VALUES ($1, $2, $3, $4, clock_timestamp())
          ON CONFLICT (worker) DO UPDATE SET models = excluded.models, absent_tools = excluded.absent_tools,
            digest = excluded.digest, told_at = excluded.told_at`,
        [worker, ...texts, digest],
      );
    },

    async read() {
      const rows = await database.query<{ worker: string; digest: string }>(
        'SELECT worker, digest FROM worker_offers ORDER BY told_at DESC, worker',
        [],
        'worker-offer-digests',
      );
      const missing = rows.filter(({ digest }) => !known.has(digest)).map(({ digest }) => digest);
      const news =
        missing.length === 0
          ? []
          : await database.query<WorkerOffer & { digest: string }>(
              'SELECT digest, models, absent_tools AS "absentTools" FROM worker_offers WHERE digest = ANY ($1)',
              [missing],
              'worker-offers',
            );
      for (const { digest, ...offer } of news) known.set(digest, offer);
      const kept = new Set(rows.map(({ digest }) => digest));
      known = new Map([...known].filter(([digest]) => kept.has(digest)));
      const living = await liveWorkerNames(database);
      return rows.flatMap(({ worker, digest }) => {
        const offer = known.get(digest);
        return offer === undefined ? [] : [{ ...offer, isAlive: living.has(worker) }];
      });
    },
  };
}
