import './wiring/hang-ups.ts';
import { answerWhileStarting } from './api/answer-while-starting.ts';
import { startHttpServer } from './api/http-server.ts';
import { openPostgresBus } from './providers/bus/postgres/postgres-bus.ts';
import { createPostgresFiles } from './providers/store/postgres/files.ts';
import { createLogger } from './providers/telemetry/logger.ts';
import { secretsIn } from './providers/telemetry/redact.ts';
import { apiObservers } from './wiring/api-observers.ts';
import { apiHealth, unreadyMs } from './wiring/api-health.ts';
import { apiApplication } from './wiring/api-application.ts';
import { openApiAuditTrail } from './wiring/audit-trail.ts';
import { openBlobs } from './wiring/blob-store.ts';
import { startBuiltInSkills } from './wiring/built-in-skills.ts';
import { temporalClient } from './wiring/connect-temporal.ts';
import { startHousekeeping } from './wiring/housekeeping.ts';
import { keyRing } from './wiring/key-ring.ts';
import { newId } from './wiring/new-ids.ts';
import { openDecoder } from './wiring/open-decoder.ts';
import { openStore, storeUrls } from './wiring/open-store.ts';
import { readConfig } from './wiring/read-config.ts';
import { reloadSettings } from './wiring/reload-settings.ts';
import { runUntilStopped } from './wiring/run-until-stopped.ts';
import { sessionEngine } from './wiring/session-engine.ts';
import { startTelemetry } from './wiring/telemetry.ts';
import { offered as followWorkers } from './wiring/worker-offer.ts';

/** An api process: serves HTTP. As many as one likes share the work. */
const config = readConfig('api');
const log = createLogger(config.log, 'api', secretsIn(config));
const settings = reloadSettings(config, log, 'api');

await runUntilStopped(log, async (stopping) => {
  const newRequestId = () => newId('request');
  const database = await answerWhileStarting(config.api, newRequestId, openStore(config, log, stopping));
  const bus = await openPostgresBus(
    {
      url: storeUrls(config).directUrl,
      channels: ['streams', 'watched'],
      keys: keyRing(config),
      onProblem: (message, error) => log.warn({ err: error }, message),
    },
    stopping,
  );
  const telemetry = await startTelemetry(config, log, 'api');
  const { metrics, traced } = telemetry;
  const temporal = temporalClient(config, telemetry.interceptors);
  const { blobs, marks } = await openBlobs(config);
  const engine = sessionEngine(config, temporal, log);
  const stopHousekeeping = startHousekeeping(createPostgresFiles(database), metrics.removed, log);
  const stopBuiltInSkills = startBuiltInSkills(database, blobs, log);
  const offered = await followWorkers(config, database, log);
  const decoder = openDecoder(config, log);
  const health = apiHealth({ config, url: storeUrls(config).url, engine, marks, decoder, stopping });
  const parts = { config, log, database, blobs, decoder, bus, engine, metrics, offered, health };
  const audit = openApiAuditTrail(database, config, log, settings);
  const observers = apiObservers(audit, metrics, traced);
  const { application, hub, connections, access } = apiApplication(parts, observers, newRequestId);
  const server = await startHttpServer(application, config.api, newRequestId, connections, stopping);
  settings.onTaken(() => access.keysChanged());
  log.info({ host: config.api.host, port: server.port }, 'the api listens');
  return {
    done: server.closed,
    unreadyMs: unreadyMs(config),
    async stop() {
      hub.drain();
      server.stop(config.api.drain_seconds * 1_000);
    },
    async close() {
      stopHousekeeping();
      offered.close();
      stopBuiltInSkills();
      await Promise.allSettled([decoder.close(), health.close()]);
      await observers.close();
      await telemetry.close();
      await bus.close();
      await Promise.allSettled([temporal.connection.close(), database.close()]);
    },
  };
});
