import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { createWorkers } from './activities/create-workers.ts';
import { createInterruptWatch } from './activities/interrupt-watch.ts';
import { createTranscriptCache } from './activities/transcript-cache.ts';
import { configFileOf, loadConfig } from './config.ts';
import { openPostgresBus } from './providers/bus/postgres/postgres-bus.ts';
import { workflowBundle } from './providers/engine/workflow-bundle.ts';
import { temporalDataConverter } from './providers/encryption/data-converter.ts';
import { createPostgresFiles } from './providers/store/postgres/files.ts';
import { createPostgresJournal } from './providers/store/postgres/journal.ts';
import { createPostgresUpkeep } from './providers/store/postgres/upkeep.ts';
import { createLogger } from './providers/telemetry/logger.ts';
import { blobStore } from './wiring/blob-store.ts';
import { connectTemporal } from './wiring/connect-temporal.ts';
import { keyRing } from './wiring/key-ring.ts';
import { modelCatalog, modelProviders } from './wiring/model-access.ts';
import { newIds } from './wiring/new-ids.ts';
import { openStore, storeUrls } from './wiring/open-store.ts';
import { runUntilStopped } from './wiring/run-until-stopped.ts';
import { sessionEngine } from './wiring/session-engine.ts';
import { openTools } from './wiring/open-tools.ts';
import { startUpkeep } from './wiring/upkeep.ts';

/** A worker process: runs workflows, model calls and tools. As many as one likes share the work. */
const config = loadConfig({ ...configFileOf(), part: 'worker' });
const log = createLogger(config.log, 'worker');

await runUntilStopped(log, async (signal) => {
  const name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const dataConverter = temporalDataConverter(keyRing(config));
  const bundle = await workflowBundle(path.join(config.data_dir, 'cache'), dataConverter);
  const database = await openStore(config, log, signal);
  const journal = createPostgresJournal(database);
  const upkeep = createPostgresUpkeep(database);
  const bus = await openPostgresBus(
    {
      url: storeUrls(config).directUrl,
      channels: ['interrupts'],
      onProblem: (message, error) => log.warn({ err: error }, message),
    },
    signal,
  );
  const { client, native } = await connectTemporal(config, log, upkeep, signal);
  const blobs = await blobStore(config);
  const tools = openTools(config, log);
  const interrupts = createInterruptWatch({
    bus,
    newest: (sessions) => upkeep.newestInterrupts(sessions),
    onError: (error) => log.debug({ err: error }, 'looking for interrupts failed and is repeated'),
  });
  const workers = await createWorkers(
    native,
    bundle,
    {
      ...tools,
      journal,
      blobs,
      files: createPostgresFiles(database),
      bus,
      interrupts,
      ids: newIds,
      worker: name,
      catalog: modelCatalog(config),
      providers: modelProviders(config),
      transcripts: createTranscriptCache(journal, config.worker.transcript_cache_mb * 1024 * 1024),
    },
    config,
    name,
    dataConverter,
  );
  const engine = sessionEngine(config, client, log);
  const running = await startUpkeep({ config, log, client, engine, journal, upkeep, blobs, name });
  log.info({ worker: name, role: config.worker.role }, 'the worker polls');
  return {
    done: Promise.all(workers.map((worker) => worker.run())),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
    async close() {
      await running.stop();
      interrupts.close();
      await tools.close();
      await bus.close();
      await Promise.allSettled([native.close(), client.connection.close(), database.close()]);
    },
  };
});
