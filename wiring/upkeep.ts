import { describeRoom } from '../providers/disk/disk-reserve.ts';
import { diskReserve } from './disk-reserve.ts';
import { hostname } from 'node:os';
import type { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { AttemptLedger } from '../activities/upkeep/attempt-ledger.ts';
import { blobGraceMs, createBlobSweep } from '../activities/upkeep/blob-sweep.ts';
import { createDiskBackstop } from '../activities/upkeep/disk-backstop.ts';
import { createLostTasks } from '../activities/upkeep/lost-tasks.ts';
import { createSandboxReaper } from '../activities/upkeep/sandbox-reaper.ts';
import type { Bus } from '../providers/bus/bus.ts';
import type { RetentionDependencies } from '../activities/upkeep/retention.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';
import { inMs, retention } from './retention.ts';
import { createSweeper } from '../activities/upkeep/sweeper.ts';
import { createTakeover } from '../activities/upkeep/takeover.ts';
import { keepWorkerMark } from '../activities/upkeep/worker-mark.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { HostMarks } from '../providers/blob/host-marks.ts';
import type { TemporalEngine } from '../providers/engine/temporal-engine.ts';
import { identifyProcess, isAlive } from '../providers/host/process-identity.ts';
import { processPlace } from '../providers/host/process-place.ts';
import type { LiveCatalog } from '../providers/model/live-catalog.ts';
import type { SandboxDriver, SandboxProbe } from '../providers/sandbox/sandbox.ts';
import type { HostProbe } from '../providers/sandbox/watch-probe.ts';
import { applicationNameOf } from '../providers/postgres-client/direct-connection.ts';
import type { Journal } from '../providers/store/journal.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { BLOB_SWEEPER_ROLE, createPostgresLease, SWEEPER_ROLE } from '../providers/store/postgres/lease.ts';
import { createPostgresLeftovers } from '../providers/store/postgres/leftovers.ts';
import { createPostgresWorkerRegistry } from '../providers/store/postgres/worker-registry.ts';
import type { Upkeep } from '../providers/store/upkeep.ts';
import { watchConnection } from '../providers/temporal-server/watch-connection.ts';
import { commonSettings } from './common-settings.ts';
import { modelLists } from './model-access.ts';
import { tellOffer } from './worker-offer.ts';
import type { WorkerRegistry } from '../providers/store/worker-registry.ts';
import type { SessionHost } from './session-host.ts';
import { storeUrls } from './open-store.ts';

const HOUR_MS = 3_600_000;

/** What every worker does besides its activities: sweep, take over from dead workers, and clear away what ended sessions leave. */
export interface RunningUpkeep {
  stop(): Promise<void>;
}

export async function startUpkeep(deps: {
  config: Config;
  log: Logger;
  client: Client;
  /** The one that `client` uses. */
  connection: Connection;
  /** What this worker has under way. */
  attempts: AttemptLedger;
  engine: TemporalEngine;
  journal: Journal;
  upkeep: Upkeep;
  bus: Bus;
  blobs: BlobStore;
  /** Of the blobs as they are stored. */
  marks: HostMarks;
  database: Database;
  removed: CountRemoved;
  /** Told of what goes by its age. */
  audit: RetentionDependencies['audit'];
  /** Where this worker's sandboxes are; null when it has none. */
  driver: SandboxDriver | null;
  host: HostProbe | null;
  stay: SessionHost | null;
  /** This worker's name in `steps.worker`. */
  name: string;
  catalog: LiveCatalog;
  /** Told how many attempts of a dead worker were taken over. */
  onTakeover: (attempts: number) => void;
}): Promise<RunningUpkeep> {
  const { directUrl } = storeUrls(deps.config);
  const applicationName = applicationNameOf(deps.name);
  const machine = deps.config.worker.host_id ?? hostname();
  const registry = createPostgresWorkerRegistry({
    url: directUrl,
    name: deps.name,
    // Two containers may have one host name, and do not see each other's processes.
    host: `${machine} ${processPlace()}`,
    process: identifyProcess(process.pid) ?? { pid: process.pid, started: '' },
    isAlive,
    role: deps.config.worker.role,
    sandboxHost: deps.stay?.id ?? null,
    common: commonSettings(deps.config),
  });
  const mark = deps.stay === null ? await keepWorkerMark({ ...deps, machine }) : null;
  const telling = await tellOffer(deps);
  await registry.join();
  reportHands(deps, registry);
  const takeover = createTakeover({ ...deps, registry });
  const lostTasks = createLostTasks({ ...deps, worker: deps.name });
  const sweeper = createSweeper({
    ...deps,
    lease: createPostgresLease(directUrl, SWEEPER_ROLE, applicationName),
    now: Date.now,
  });
  const leftovers = createPostgresLeftovers(deps.database);
  const { temporal_days: days, blob_grace_hours: hours } = deps.config.retention;
  const blobSweep = createBlobSweep({
    ...deps,
    leftovers,
    lease: createPostgresLease(directUrl, BLOB_SWEEPER_ROLE, applicationName),
    graceMs: blobGraceMs(hours),
    historyMs: days * 24 * HOUR_MS,
  });
  const aging = retention(deps, directUrl);
  const reaper =
    deps.driver &&
    createSandboxReaper({
      ...deps,
      driver: deps.driver,
      leftovers,
      archivedMs: inMs(deps.config.retention.archived_sandboxes_days),
    });
  const backstop =
    deps.driver &&
    createDiskBackstop({ driver: deps.driver, reserve: diskReserve(deps.config), log: deps.log });
  const lists = modelLists(deps.config, deps.database, deps.log, deps.catalog);
  takeover.start();
  const unwatch = watchConnection(deps.connection, () => lostTasks.look());
  sweeper.start();
  blobSweep.start();
  aging.start();
  reaper?.start();
  backstop?.start();
  await deps.stay?.start(deps.engine);
  lists.start();
  return {
    async stop() {
      telling.stop();
      mark?.stop();
      await deps.stay?.stop();
      deps.catalog.close();
      unwatch();
      const parts = [lists, takeover, lostTasks, sweeper, blobSweep, aging, reaper, backstop];
      await Promise.all(parts.map(async (part) => part?.stop()));
      await registry.leave();
    },
  };
}

/** How often the disk of this host is looked at. */
const DISK_LOOK_MS = 5_000;

/** Lets operators read, where the service says whether it is ready, what the hands of this worker can do. */
function reportHands(
  {
    config,
    driver,
    host,
    log,
  }: { config: Config; driver: SandboxDriver | null; host: HostProbe | null; log: Logger },
  registry: Pick<WorkerRegistry, 'describeHands'>,
): void {
  if (config.worker.role === 'brain') return;
  const report = (probe: Pick<SandboxProbe, 'ok' | 'limits' | 'why'>): void => {
    const { ok, limits, why } = probe;
    const hands = { driver: driver?.kind ?? 'none', ok, limits, ...(why === undefined ? {} : { why }) };
    registry
      .describeHands(hands)
      .catch((error: unknown) => log.warn({ err: error }, 'what the hands can do is not reported'));
  };
  if (host === null) return report({ ok: true, limits: [] });
  const reserve = diskReserve(config);
  let probe: SandboxProbe | undefined;
  let state = reserve.look().state;
  const tell = (): void => {
    if (probe === undefined) return;
    const room = state === 'ample' ? [] : [`DISK: ${describeRoom(reserve.look())}.`];
    report({ ...probe, limits: [...room, ...probe.limits] });
  };
  host.onProbe((newest) => {
    probe = newest;
    tell();
  });
  setInterval(() => {
    const now = reserve.look();
    if (now.state === state) return;
    state = now.state;
    if (state === 'ample') log.info(describeRoom(now));
    else log.warn(describeRoom(now));
    tell();
  }, DISK_LOOK_MS).unref();
}
