import './wiring/hang-ups.ts';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { createWorkers } from './activities/create-workers.ts';
import { createAttemptLedger } from './activities/upkeep/attempt-ledger.ts';
import { workflowBundle } from './providers/engine/workflow-bundle.ts';
import { temporalDataConverter } from './providers/encryption/data-converter.ts';
import { createLogger } from './providers/telemetry/logger.ts';
import { secretsIn } from './providers/telemetry/redact.ts';
import { observeTemporal } from './providers/telemetry/temporal-log.ts';
import { activityDependencies } from './wiring/activity-dependencies.ts';
import { renewTemporalKey } from './wiring/connect-temporal.ts';
import { keyRing } from './wiring/key-ring.ts';
import { storeUrls } from './wiring/open-store.ts';
import { readConfig } from './wiring/read-config.ts';
import { reloadSettings } from './wiring/reload-settings.ts';
import { runUntilStopped } from './wiring/run-until-stopped.ts';
import { sessionEngine } from './wiring/session-engine.ts';
import { startTelemetry } from './wiring/telemetry.ts';
import { startUpkeep } from './wiring/upkeep.ts';
import { workerHealth } from './wiring/worker-health.ts';
import { openWorkerServices } from './wiring/worker-services.ts';

/** A worker process: runs workflows, model calls and tools. As many as one likes share the work. */
const config = readConfig('worker');
const log = createLogger(config.log, 'worker', secretsIn(config));
const settings = reloadSettings(config, log, 'worker');
const temporalUpdates = observeTemporal(log);

await runUntilStopped(log, async (signal) => {
  const name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const health = workerHealth(signal);
  const dataConverter = temporalDataConverter(keyRing(config));
  const { metrics, close: closeTelemetry } = await startTelemetry(config, log, 'worker', health);
  metrics.readTemporal(temporalUpdates);
  const bundle = await workflowBundle(path.join(config.data_dir, 'cache'), dataConverter);
  const {
    parts,
    temporal,
    close: closeServices,
  } = await openWorkerServices({ config, log, metrics, name, settings }, signal);
  settings.onTaken(() => parts.catalog.rebuild());
  settings.onTaken(() => renewTemporalKey(config, log, temporal.native));
  const { dependencies, decoder, driver, host, stay, close } = activityDependencies(parts);
  if (driver !== null && stay !== null) metrics.hosts.readSandboxes(stay.id, driver);
  const attempts = createAttemptLedger();
  const plugins = [attempts.plugin];
  const workers = await createWorkers(
    temporal.native,
    bundle,
    dependencies,
    config,
    name,
    dataConverter,
    plugins,
  );
  const engine = sessionEngine(config, temporal.client, log);
  const onTakeover = parts.telemetry.takeover;
  const hands = { driver, host, stay };
  const running = await startUpkeep({ ...parts, ...temporal, ...hands, attempts, engine, onTakeover });
  const { marks } = parts;
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
      await closeTelemetry();
      await closeServices();
    },
  };
});
