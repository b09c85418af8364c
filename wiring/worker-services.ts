import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { connectionNameOf } from '../core/models/connection.ts';
import { openPostgresBus } from '../providers/bus/postgres/postgres-bus.ts';
import { createPostgresHosts } from '../providers/store/postgres/hosts.ts';
import { createPostgresJournal } from '../providers/store/postgres/journal.ts';
import { createPostgresUpkeep } from '../providers/store/postgres/upkeep.ts';
import { createActivityTelemetry } from '../providers/telemetry/activity-telemetry.ts';
import { genAiProvider } from '../providers/telemetry/gen-ai.ts';
import type { Metrics } from '../providers/telemetry/metrics.ts';
import { createTroubleLog } from '../providers/telemetry/trouble-log.ts';
import { openAuditTrail } from './audit-trail.ts';
import { openBlobs } from './blob-store.ts';
import { claimHostFolder } from './claim-host-folder.ts';
import { connectTemporal } from './connect-temporal.ts';
import { keyRing } from './key-ring.ts';
import { workerCatalog } from './model-access.ts';
import { openStore, storeUrls } from './open-store.ts';
import type { ReloadedSettings } from './reload-settings.ts';

/**
 * Opens what a worker works with: the store, the folder of its host, the bus, Temporal, blobs, and the models that it knows. Waits for what
 * is not there yet, until `signal` aborts.
 *
 * @param name - of the worker, as sessions of the database and the registry have it.
 */
export async function openWorkerServices(
  deps: { config: Config; log: Logger; metrics: Metrics; name: string; settings: ReloadedSettings },
  signal: AbortSignal,
) {
  const { config, log, metrics, name } = deps;
  const database = await openStore(config, log, signal, name);
  metrics.readPool(database.pool);
  const folder = await claimHostFolder(config, createPostgresHosts(database), log, signal);
  config.sandbox.folder = folder?.path ?? config.sandbox.folder;
  const journal = createPostgresJournal(database);
  const upkeep = createPostgresUpkeep(database);
  const bus = await openPostgresBus(
    {
      url: storeUrls(config).directUrl,
      channels: ['interrupts'],
      keys: keyRing(config),
      onProblem: (message, error) => log.warn({ err: error }, message),
    },
    signal,
  );
  const { client, connection, native } = await connectTemporal(config, log, upkeep, signal);
  const { blobs, marks } = await openBlobs(config);
  const catalog = await workerCatalog(config, database, log);
  const providerOf = (model: string) => {
    const entry = catalog.resolve(model);
    if (entry === null) return null;
    const connection = connectionNameOf(entry);
    const { protocol, base_url: shared } = config.providers[connection] ?? {};
    const address = entry.connection.baseUrl ?? shared;
    return { connection, vendor: genAiProvider({ provider: entry.provider, protocol, address }) };
  };
  const telemetry = createActivityTelemetry(metrics, { log, providerOf });
  const troubles = createTroubleLog(log, metrics);
  const audit = openAuditTrail(database, log, 'worker', deps.settings);
  const { hosts: hostMetrics, removed } = metrics;
  return {
    parts: {
      config,
      log,
      name,
      database,
      journal,
      upkeep,
      bus,
      blobs,
      marks,
      catalog,
      telemetry,
      troubles,
      hostMetrics,
      removed,
      audit,
    },
    temporal: { client, connection, native },
    /** Lets go of all of it, after the work. */
    async close(): Promise<void> {
      await audit.close();
      await bus.close();
      await Promise.allSettled([native.close(), client.connection.close(), database.close()]);
      folder?.release();
    },
  };
}
