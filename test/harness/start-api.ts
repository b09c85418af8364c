import { createHash } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import pino from 'pino';
import { createAccess, type Access } from '../../api/access.ts';
import { createApp, type AppDeps } from '../../api/app.ts';
import { createSignIns, type SignIns } from '../../api/console/sign-ins.ts';
import { startHttpServer } from '../../api/http-server.ts';
import { createRateLimiter } from '../../api/rate-limiter.ts';
import type { Route } from '../../api/route.ts';
import { loadConfig } from '../../config.ts';
import { modelOfferOf } from '../../core/models/model-offer.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createReservedBlobStore } from '../../providers/blob/reserved-blob-store.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { BusMessage } from '../../providers/bus/bus.ts';
import { createInMemoryBus } from '../../providers/bus/in-memory.ts';
import type { SessionEngine, SignalledEvent } from '../../providers/engine/session-engine.ts';
import type { Journal } from '../../providers/store/journal.ts';
import { openDatabase, type Database } from '../../providers/store/postgres/database.ts';
import { createPostgresJournal } from '../../providers/store/postgres/journal.ts';
import { createPostgresSignIns } from '../../providers/store/postgres/sign-ins.ts';
import { migrate } from '../../providers/store/postgres/migrate.ts';
import { createHostMarks } from '../../providers/blob/host-marks.ts';
import { createMetrics } from '../../providers/telemetry/metrics.ts';
import { absentTools } from '../../wiring/absent-tools.ts';
import { apiHealth } from '../../wiring/api-health.ts';
import { apiRoutes } from '../../wiring/api-routes.ts';
import { diskReserve } from '../../wiring/disk-reserve.ts';
import { workerCatalog } from '../../wiring/model-access.ts';
import { offered as followWorkers } from '../../wiring/worker-offer.ts';
import { newId } from '../../wiring/new-ids.ts';
import { testDecoder } from './test-decoder.ts';
import { startTestServices } from './start-test-services.ts';

/** An engine that only writes down what it is told. `isReachable` false: like a Temporal that is down. */
export interface RecordingEngine extends SessionEngine {
  started: string[];
  signalled: { sessionId: string; events: readonly SignalledEvent[] }[];
  removed: string[];
  isReachable: boolean;
}

export interface TestApi {
  url: string;
  /** The official client; with a key for apis that ask for one. */
  client: (key?: string) => Anthropic;
  engine: RecordingEngine;
  published: BusMessage[];
  database: Database;
  journal: Journal;
  blobs: BlobStore;
  routes: readonly Route[];
  stop: () => Promise<void>;
}

/**
 * The api in this process, on a live PostgreSQL of its own and with everything else as in production, save Temporal: sessions are
 * accepted and never run. Only for files of the `integration` project.
 *
 * @param options.keys - pairs of key and workspace; none: no key is asked for.
 */
export async function startApi(
  options: {
    keys?: readonly { key: string; workspace: string }[];
    /** Settings as environment variables, without their prefix: `SESSION_MAX_UNPROCESSED_EVENTS`. */
    settings?: Record<string, string>;
    /** Another database than a fresh one of the shared server, or another way to it. */
    postgresUrl?: string;
    /** What is served beside the routes. */
    mounts?: (access: Access, signIns: SignIns) => NonNullable<AppDeps['mounts']>;
  } = {},
): Promise<TestApi> {
  const services = options.postgresUrl === undefined ? await startTestServices() : null;
  const database = openDatabase({ url: options.postgresUrl ?? services?.postgresUrl ?? '', maximum: 8 });
  await migrate(database);
  const config = loadConfig({
    env: {
      ANTHROPIC_API_KEY: 'for the catalogue only',
      ...Object.fromEntries(
        Object.entries(options.settings ?? {}).map(([name, value]) => [`MANAGED_AGENT_${name}`, value]),
      ),
    },
    part: 'api',
  });
  const log = pino({ level: 'silent' });
  const engine = createRecordingEngine();
  const published: BusMessage[] = [];
  const bus = createInMemoryBus();
  const reserve = diskReserve(config);
  const blobs = createReservedBlobStore(createInMemoryBlobStore(), reserve);
  const recordingBus = {
    ...bus,
    publish: (message: BusMessage) => {
      published.push(message);
      bus.publish(message);
    },
  };
  const metrics = createMetrics('api');
  const decoder = testDecoder();
  metrics.readDisk(() => reserve.look());
  const catalog = await workerCatalog(config, database, log);
  // A worker of the same settings, as `npm start` has one.
  const worker = { models: modelOfferOf(catalog), absentTools: [...absentTools(config)], isAlive: true };
  const offered = await followWorkers(config, database, log, { read: async () => [worker] });
  const signIns = createSignIns({
    store: createPostgresSignIns(database),
    newId: () => newId('signIn'),
    lifetimeMs: 3_600_000,
    idleMs: 3_600_000,
  });
  const health = apiHealth({
    config,
    url: options.postgresUrl ?? services?.postgresUrl ?? '',
    engine,
    marks: createHostMarks(blobs),
    decoder,
  });
  const { routes, hub } = apiRoutes({
    config,
    log,
    database,
    blobs,
    decoder,
    bus: recordingBus,
    engine,
    metrics,
    offered,
    signIns,
    operatorReads: { note: () => undefined },
    health,
  });
  const keys = (options.keys ?? []).map(({ key, workspace }) => ({
    id: `key of ${workspace}`,
    workspace,
    sha256: createHash('sha256').update(key).digest('hex'),
  }));
  const unlimited = {
    requestsPerKey: null,
    sessionsPerKey: null,
    createsPerWorkspace: null,
    readsPerWorkspace: null,
    streamsPerKey: null,
  };
  const newRequestId = () => newId('request');
  const access = createAccess({ keys, publicUrl: null, signIns });
  const app = createApp({
    routes,
    access,
    ...(options.mounts && { mounts: options.mounts(access, signIns) }),
    limiter: createRateLimiter(unlimited, Date.now),
    log,
    newRequestId,
  });
  const server = await startHttpServer(app, { host: '127.0.0.1', port: 0 }, newRequestId);
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    client: (key = 'any') => new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 }),
    engine,
    published,
    database,
    journal: createPostgresJournal(database),
    blobs,
    routes,
    stop: async () => {
      hub.drain();
      offered.close();
      catalog.close();
      await decoder.close();
      server.stop(0);
      await server.closed;
      await bus.close();
      await health.close();
      await database.close();
      await services?.stop();
    },
  };
}

function createRecordingEngine(): RecordingEngine {
  const engine: RecordingEngine = {
    started: [],
    signalled: [],
    removed: [],
    isReachable: true,
    async start({ sessionId }) {
      engine.started.push(sessionId);
    },
    async signal(sessionId, events) {
      engine.signalled.push({ sessionId, events });
      return engine.isReachable;
    },
    async remove(sessionId) {
      engine.removed.push(sessionId);
    },
    async check() {
      if (!engine.isReachable) throw new Error('Temporal is down in this test.');
    },
  };
  return engine;
}
