import type { Logger } from 'pino';
import {
  createRetention,
  type Retention,
  type RetentionDependencies,
} from '../activities/upkeep/retention.ts';
import type { Config } from '../config.ts';
import type { Bus } from '../providers/bus/bus.ts';
import type { TemporalEngine } from '../providers/engine/temporal-engine.ts';
import type { Journal } from '../providers/store/journal.ts';
import { applicationNameOf } from '../providers/postgres-client/direct-connection.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresLease, RETENTION_ROLE } from '../providers/store/postgres/lease.ts';
import { createPostgresRetention } from '../providers/store/postgres/retention.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';

const DAY_MS = 24 * 3_600_000;

/** Days of the settings in milliseconds. */
export const inMs = (days: number | null): number | null => (days === null ? null : days * DAY_MS);

/** What removes sessions and outputs by their age, as the settings `retention.*` say. */
export function retention(
  parts: {
    config: Config;
    log: Logger;
    database: Database;
    journal: Journal;
    engine: TemporalEngine;
    bus: Bus;
    removed: CountRemoved;
    audit: RetentionDependencies['audit'];
    /** This worker's. */
    name: string;
  },
  directUrl: string,
): Retention {
  const { retention: settings } = parts.config;
  return createRetention({
    ...parts,
    store: createPostgresRetention(parts.database),
    lease: createPostgresLease(directUrl, RETENTION_ROLE, applicationNameOf(parts.name)),
    keptFor: {
      archived: inMs(settings.archived_sessions_days),
      idle: inMs(settings.idle_sessions_days),
      waiting: inMs(settings.waiting_sessions_days),
    },
    outputsMs: inMs(settings.outputs_days),
    archivedSandboxesMs: inMs(settings.archived_sandboxes_days),
    now: Date.now,
  });
}
