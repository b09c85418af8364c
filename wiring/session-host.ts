import type { Logger } from 'pino';
import { createCheckpointer } from '../activities/hosts/checkpointer.ts';
import { createPutAway } from '../activities/hosts/put-away.ts';
import { createHostUpkeep } from '../activities/hosts/host-upkeep.ts';
import { createSharedBlobs } from '../activities/hosts/shared-blobs.ts';
import { createResidence, type Residence } from '../activities/hosts/residence.ts';
import { createResidentToolRunner } from '../activities/hosts/resident-tool-runner.ts';
import type { HandsQueue } from '../activities/dependencies.ts';
import type { Config } from '../config.ts';
import { isAppError } from '../core/errors.ts';
import { noteError } from '../core/journal/note-error.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { HostMarks } from '../providers/blob/host-marks.ts';
import type { Bus } from '../providers/bus/bus.ts';
import type { TemporalEngine } from '../providers/engine/temporal-engine.ts';
import { openHostFolder } from '../providers/host/host-folder.ts';
import type { SandboxDriver, SandboxProbe } from '../providers/sandbox/sandbox.ts';
import type { HostProbe } from '../providers/sandbox/watch-probe.ts';
import { createPostgresCheckpoints } from '../providers/store/postgres/checkpoints.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresHosts } from '../providers/store/postgres/hosts.ts';
import { createPostgresLeftovers } from '../providers/store/postgres/leftovers.ts';
import type { Journal } from '../providers/store/journal.ts';
import type { HostMetrics } from '../providers/telemetry/host-metrics.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';
import { inMs } from './retention.ts';
import type { ToolRunner } from '../tools/tool-runner.ts';
import { holderOf } from './claim-host-folder.ts';
import { newIds } from './new-ids.ts';

/** What is left unsaved when a worker stops is saved for at most this long. */
const LAST_SAVES_MS = 5_000;

export interface SessionHost {
  /** The name of the host. */
  id: string;
  residence: Residence;
  /** Runs tools on this host for the sessions that are on it. */
  runnerOf(runner: ToolRunner): ToolRunner;
  /** Registers the host, and keeps it known. Call it before calls are taken. */
  start(engine: Pick<TemporalEngine, 'redirectCalls'>): Promise<void>;
  /** Rejects when another worker took this host. */
  taken: Promise<never>;
  stop(): Promise<void>;
}

/** Finds out where the tool calls of sessions go. */
export function handsQueues(
  config: Config,
  database: Database,
): { queueFor(sessionId: string): Promise<HandsQueue | null> } {
  const hosts = createPostgresHosts(database);
  const patienceMs = config.sandbox.host_timeout_seconds * 1_000;
  return {
    async queueFor(sessionId) {
      const placement = await hosts.place(sessionId, patienceMs);
      if (placement === null || placement.taskQueue === null) return null;
      return { taskQueue: placement.taskQueue, patienceMs };
    },
  };
}

/** This worker's part of a host of sandboxes. */
export function sessionHost(parts: {
  config: Config;
  log: Logger;
  database: Database;
  journal: Journal;
  blobs: BlobStore;
  marks: HostMarks;
  bus: Pick<Bus, 'publish'>;
  driver: SandboxDriver;
  probe: HostProbe;
  metrics: HostMetrics;
  removed: CountRemoved;
}): SessionHost {
  const { config, log, database, journal, blobs, bus, driver, metrics } = parts;
  const { sandbox: settings } = config;
  const folder = openHostFolder(settings.folder ?? config.data_dir);
  const hosts = createPostgresHosts(database);
  const checkpoints = createPostgresCheckpoints(database);
  const timeoutMs = settings.host_timeout_seconds * 1_000;
  const taskQueue = `${config.temporal.task_queue}-${folder.id}`;
  const limits = { bytes: settings.checkpoint_bytes, files: settings.checkpoint_files };
  let found: SandboxProbe | undefined;
  parts.probe.onProbe((probe) => {
    found = probe;
  });

  const residence = createResidence({
    folder,
    taskQueue,
    hosts,
    checkpoints,
    driver,
    blobs,
    limits,
    timeoutMs,
    metrics,
    log,
  });
  const checkpointer = createCheckpointer({
    driver,
    residence,
    folder,
    checkpoints,
    blobs,
    journal,
    limits,
    intervalMs: settings.checkpoint_interval_seconds * 1_000,
    now: Date.now,
    metrics,
    log,
    async specOf(sessionId) {
      try {
        const { workspaceId, environmentId } = await journal.setup(sessionId);
        return { workspaceId, sessionId, environmentId };
      } catch (error) {
        if (isAppError(error) && error.code === 'session_gone') return null;
        throw error;
      }
    },
    async tell(sessionId, message) {
      const error = { type: 'unknown_error', message, retry_status: { type: 'exhausted' } } as const;
      const { lastSeq } = await journal.transact({ sessionId, caller: 'activity' }, (view) => ({
        writes: noteError(view, error, newIds),
        result: null,
      }));
      bus.publish({ type: 'grew', sessionId, seq: lastSeq });
    },
  });
  const upkeep = createHostUpkeep({
    holder: holderOf(settings.folder ?? config.data_dir),
    hosts,
    folder,
    residence,
    sharedBlobs: createSharedBlobs({
      hostId: folder.id,
      hosts,
      marks: parts.marks,
      timeoutMs,
      now: Date.now,
      log,
    }),
    leftovers: createPostgresLeftovers(database),
    timeoutMs,
    metrics,
    log,
    describe: () => ({
      id: folder.id,
      taskQueue,
      driver: driver.kind,
      isolation: found?.isolation ?? 'none',
      ready: found?.ok ?? true,
      capacity: found?.maxRunning ?? null,
    }),
  });
  const isSaved = limits.bytes > 0;
  const idleMs = inMs(config.retention.idle_sandboxes_days);
  // What lives apart from hosts is nobody's to remove here.
  const putAway =
    idleMs === null || !isSaved || driver.apart !== undefined
      ? null
      : createPutAway({
          folder,
          hosts,
          checkpointer,
          residence,
          afterMs: idleMs,
          removed: parts.removed,
          now: Date.now,
          log,
        });
  const unsaved = { began: () => undefined, ended: () => undefined };

  return {
    id: folder.id,
    residence,
    runnerOf: (runner) => createResidentToolRunner(runner, residence, isSaved ? checkpointer : unsaved),
    async start(engine) {
      await upkeep.start((sessionId) => engine.redirectCalls(sessionId));
      log.info({ host: folder.id, task_queue: taskQueue }, 'this worker is part of a host of sandboxes');
      if (isSaved) checkpointer.start();
      putAway?.start();
    },
    taken: upkeep.taken,
    async stop() {
      await putAway?.stop();
      if (isSaved) await checkpointer.stop(LAST_SAVES_MS);
      await upkeep.stop();
    },
  };
}
