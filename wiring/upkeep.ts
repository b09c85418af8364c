import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createSweeper } from '../activities/upkeep/sweeper.ts';
import { createTakeover } from '../activities/upkeep/takeover.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { TemporalEngine } from '../providers/engine/temporal-engine.ts';
import { identifyProcess, isAlive } from '../providers/host/process-identity.ts';
import type { Journal } from '../providers/store/journal.ts';
import { createPostgresLease, SWEEPER_ROLE } from '../providers/store/postgres/lease.ts';
import { createPostgresWorkerRegistry } from '../providers/store/postgres/worker-registry.ts';
import type { Upkeep } from '../providers/store/upkeep.ts';
import { storeUrls } from './open-store.ts';

/** What every worker does besides its activities: sweep, and take over from dead workers. */
export interface RunningUpkeep {
  stop(): Promise<void>;
}

export async function startUpkeep(deps: {
  config: Config;
  log: Logger;
  client: Client;
  engine: TemporalEngine;
  journal: Journal;
  upkeep: Upkeep;
  blobs: BlobStore;
  /** This worker's name in `steps.worker`. */
  name: string;
}): Promise<RunningUpkeep> {
  const { directUrl } = storeUrls(deps.config);
  const registry = createPostgresWorkerRegistry({
    url: directUrl,
    name: deps.name,
    host: deps.config.worker.host_id ?? hostname(),
    process: identifyProcess(process.pid) ?? { pid: process.pid, started: '' },
    isAlive,
  });
  await registry.join();
  const takeover = createTakeover({ ...deps, registry });
  const sweeper = createSweeper({
    ...deps,
    lease: createPostgresLease(directUrl, SWEEPER_ROLE),
    now: Date.now,
  });
  takeover.start();
  sweeper.start();
  return {
    async stop() {
      await Promise.all([takeover.stop(), sweeper.stop()]);
      await registry.leave();
    },
  };
}
