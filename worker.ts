import './wiring/hang-ups.ts';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { createWorkers } from './activities/create-workers.ts';
import { createAttemptLedger } from './activities/upkeep/attempt-ledger.ts';
import { configFileOf, loadConfig } from './config.ts';
import { openPostgresBus } from './providers/bus/postgres/postgres-bus.ts';
import { workflowBundle } from './providers/engine/workflow-bundle.ts';
import { temporalDataConverter } from './providers/encryption/data-converter.ts';
import { createPostgresHosts } from './providers/store/postgres/hosts.ts';
import { createPostgresJournal } from './providers/store/postgres/journal.ts';
import { createPostgresUpkeep } from './providers/store/postgres/upkeep.ts';
import { createActivityTelemetry } from './providers/telemetry/activity-telemetry.ts';
import { createLogger } from './providers/telemetry/logger.ts';
import { secretsIn } from './providers/telemetry/redact.ts';
import { observeTemporal } from './providers/telemetry/temporal-log.ts';
import { createTroubleLog } from './providers/telemetry/trouble-log.ts';
import { activityDependencies } from './wiring/activity-dependencies.ts';
import { openBlobs } from './wiring/blob-store.ts';
import { claimHostFolder } from './wiring/claim-host-folder.ts';
import { connectTemporal } from './wiring/connect-temporal.ts';
import { keyRing } from './wiring/key-ring.ts';
import { workerCatalog } from './wiring/model-access.ts';
import { openStore, storeUrls } from './wiring/open-store.ts';
import { reloadSettings } from './wiring/reload-settings.ts';
import { runUntilStopped } from './wiring/run-until-stopped.ts';
import { sessionEngine } from './wiring/session-engine.ts';
import { startTelemetry } from './wiring/telemetry.ts';
import { startUpkeep } from './wiring/upkeep.ts';
import { workerHealth } from './wiring/worker-health.ts';

/** A worker process: runs workflows, model calls and tools. As many as one likes share the work. */
const config = loadConfig({ ...configFileOf(), part: 'worker' });
const log = createLogger(config.log, 'worker', secretsIn(config));
const settings = reloadSettings(config, log, 'worker');
const temporalUpdates = observeTemporal(log);

await runUntilStopped(log, async (signal) => {
  const name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const health = workerHealth(signal);
  const dataConverter = temporalDataConverter(keyRing(config));
  const { metrics, close: closeTelemetry } = await startTelemetry(config, log, 'worker', health);
  const bundle = await workflowBundle(path.join(config.data_dir, 'cache'), dataConverter);
  const database = await openStore(config, log, signal, name);
  metrics.readTemporal(temporalUpdates);
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
  settings.onTaken(() => catalog.rebuild());
  const providerOf = (model: string) => catalog.resolve(model)?.provider ?? null;
  const telemetry = createActivityTelemetry(metrics, { log, providerOf });
  const hands = {
    hostMetrics: metrics.hosts,
    removed: metrics.removed,
    marks,
    troubles: createTroubleLog(log, metrics),
  };
  const parts = { config, log, database, journal, upkeep, bus, blobs, name, telemetry, catalog, ...hands };
  const { dependencies, decoder, driver, host, stay, close } = activityDependencies(parts);
  if (driver !== null && stay !== null) metrics.hosts.readSandboxes(stay.id, driver);
  const attempts = createAttemptLedger();
  const workers = await createWorkers(native, bundle, dependencies, config, name, dataConverter, [
    attempts.plugin,
  ]);
  const engine = sessionEngine(config, client, log);
  const running = await startUpkeep({
    ...parts,
    driver,
    host,
    stay,
    client,
    connection,
    attempts,
    engine,
    onTakeover: telemetry.takeover,
  });
  health.started({ config, url: storeUrls(config).url, engine, marks, decoder, workers, host });
  log.info({ worker: name, role: config.worker.role }, 'the worker polls');
  return {
    done: Promise.race([Promise.all(workers.map((worker) => worker.run())), ...(stay ? [stay.taken] : [])]),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    async close() {
      await running.stop();
      await health.close();
      await close();
      await bus.close();
      await closeTelemetry();
      await Promise.allSettled([native.close(), client.connection.close(), database.close()]);
      folder?.release();
    },
  };
});
