import type { Worker } from '@temporalio/worker';
import type { Config } from '../config.ts';
import type { SessionEngine } from '../providers/engine/session-engine.ts';
import {
  createReadiness,
  type Readiness,
  type ReadinessCheck,
  type ReadinessReport,
} from '../providers/health/readiness.ts';
import type { SystemReport, SystemStatus } from '../providers/health/system-status.ts';
import type { SandboxProbe } from '../providers/sandbox/sandbox.ts';
import type { HostProbe } from '../providers/sandbox/watch-probe.ts';
import { createPostgresSystemView } from '../providers/store/postgres/system-view.ts';
import { databaseCheck } from './database-check.ts';
import { systemStatus } from './system-status.ts';

const STARTING = 'The worker still starts: it waits for the database, for Temporal, or for its sandboxes.';

/** What a worker says of itself, and of the service: from its first moment, when there is little to say. */
export interface WorkerHealth {
  readiness: Readiness;
  status: SystemStatus;
  /** The worker polls. */
  started(parts: WorkerParts): void;
  close(): Promise<void>;
}

type WorkerParts = Omit<Parameters<typeof systemStatus>[0], 'view'> & {
  config: Config;
  /** Of the store. */
  url: string;
  engine: Pick<SessionEngine, 'check'>;
  workers: readonly Pick<Worker, 'getState'>[];
  /** What the sandboxes of this host are found to be; null without sandboxes. */
  host: HostProbe | null;
};

/** @param stopping - aborted once this process was asked to stop. */
export function workerHealth(stopping: AbortSignal): WorkerHealth {
  let running: { readiness: Readiness; status: SystemStatus; close(): Promise<void> } | null = null;
  const unready: ReadinessReport = { ready: false, checks: { starting: { ok: false, detail: STARTING } } };
  const unknown: SystemReport = {
    status: 'down',
    parts: { worker: { state: 'down', detail: STARTING } },
  };
  return {
    readiness: { report: async () => running?.readiness.report() ?? unready },
    status: { report: async () => running?.status.report() ?? unknown },
    started(parts) {
      const view = createPostgresSystemView(parts.url);
      running = {
        readiness: createReadiness(
          {
            database: databaseCheck(view),
            polls: pollsCheck(parts),
            ...(parts.config.worker.role === 'brain' ? {} : { sandboxes: sandboxesCheck(parts) }),
          },
          stopping,
        ),
        status: systemStatus({ ...parts, view }),
        close: () => view.close(),
      };
    },
    close: async () => running?.close(),
  };
}

/** A worker is given work as long as it polls a Temporal that answers. */
function pollsCheck({ workers, engine }: WorkerParts): ReadinessCheck {
  return async () => {
    const states = workers.map((worker) => worker.getState());
    if (states.some((state) => state !== 'RUNNING')) {
      return { ok: false, detail: `It does not poll: ${states.join(', ')}.` };
    }
    await engine.check();
    return { ok: true };
  };
}

/**
 * Whether sandboxes can be started on this host. One that has a brain too is of use without them: its model is told that it has no hands,
 * and `/status` says that these are down.
 */
function sandboxesCheck({ config, host }: WorkerParts): ReadinessCheck {
  if (host === null) return async () => ({ ok: true, detail: 'hands off (sandbox.driver is none)' });
  const isNeeded = config.worker.role === 'hands';
  let probe: SandboxProbe | undefined;
  host.onProbe((newest) => {
    probe = newest;
  });
  return async () => {
    // Old news of a host that cannot start any are looked at again.
    if (probe?.ok === false) await host.problem();
    if (probe === undefined)
      return { ok: !isNeeded, detail: 'It is being found out whether they can be started.' };
    return probe.ok
      ? { ok: true }
      : { ok: !isNeeded, detail: 'No sandbox can be started on this host; /status and the log say why.' };
  };
}
