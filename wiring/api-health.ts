import type { Config } from '../config.ts';
import { createReadiness, type Readiness } from '../providers/health/readiness.ts';
import type { SystemStatus } from '../providers/health/system-status.ts';
import { createPostgresSystemView } from '../providers/store/postgres/system-view.ts';
import { databaseCheck } from './database-check.ts';
import { systemStatus } from './system-status.ts';

/** Balancers ask every few seconds whether an api is ready. */
const UNREADY_SECONDS = 5;

/** How long an api that was asked to stop says that it is not ready, and still serves. */
export function unreadyMs({ api }: Config): number {
  return (api.unready_seconds ?? UNREADY_SECONDS) * 1_000;
}

/** What an api says of itself, and of the service. */
export interface ApiHealth {
  readiness: Readiness;
  status: SystemStatus;
  close(): Promise<void>;
}

/**
 * An api does its own work as long as the database takes writes: it accepts messages without Temporal, and without the blobs all but
 * large ones; a disk that is full is told with each request that needs room.
 *
 * @param parts.url - of the store.
 * @param parts.stopping - aborted once this process was asked to stop.
 */
export function apiHealth(
  parts: Omit<Parameters<typeof systemStatus>[0], 'view'> & { url: string; stopping?: AbortSignal },
): ApiHealth {
  const view = createPostgresSystemView(parts.url);
  return {
    readiness: createReadiness({ database: databaseCheck(view) }, parts.stopping),
    status: systemStatus({ ...parts, view }),
    close: () => view.close(),
  };
}
