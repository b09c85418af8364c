import type { Logger } from 'pino';
import { AppError } from '../../core/errors.ts';
import type { HostFolder } from '../../providers/host/host-folder.ts';
import type { HostStore, SandboxHost } from '../../providers/store/hosts.ts';
import type { Leftovers } from '../../providers/store/leftovers.ts';
import type { HostMetrics } from '../../providers/telemetry/host-metrics.ts';
import type { SharedBlobs } from './shared-blobs.ts';
import type { Residence } from './residence.ts';

/** Heartbeats that may fail before a host counts as gone. */
const BEATS = 6;
const TIDY_MS = 30_000;

export interface HostUpkeepDeps {
  /** Who this is, among those that may have the host's folder. */
  holder: string;
  /** As it is now, as far as the driver knows. */
  describe(): SandboxHost;
  hosts: HostStore;
  folder: HostFolder;
  residence: Pick<Residence, 'evict'>;
  sharedBlobs: SharedBlobs;
  leftovers: Pick<Leftovers, 'ended'>;
  timeoutMs: number;
  metrics: Pick<HostMetrics, 'hostsLost'>;
  log: Logger;
}

/** Keeps this host known, finds lost ones, and clears away what sessions left here. */
export interface HostUpkeep {
  /**
   * Registers the host, then goes on by itself. Rejects with `unavailable`.
   *
   * @param redirect - ends the tool calls under way of a session whose host is lost, so that they go elsewhere.
   */
  start(redirect: (sessionId: string) => Promise<void>): Promise<void>;
  /** Rejects when another one took the host: this process must not serve its calls any more. */
  taken: Promise<never>;
  /** One round of clearing away. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

export function createHostUpkeep(deps: HostUpkeepDeps): HostUpkeep {
  const { hosts, folder, log, timeoutMs } = deps;
  const timers: NodeJS.Timeout[] = [];
  const rounds = new Set<Promise<void>>();
  let fail: (error: Error) => void = () => undefined;
  const taken = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  // Who waits for it is told all the same.
  taken.catch(() => undefined);

  async function beat(redirect: (sessionId: string) => Promise<void>): Promise<void> {
    await deps.sharedBlobs
      .check()
      .catch((error: unknown) => log.warn({ err: error }, 'whose blobs are where could not be checked'));
    const host = deps.describe();
    const isReady = host.ready && deps.sharedBlobs.agreed;
    if (!(await hosts.beat({ ...host, ready: isReady }, timeoutMs, deps.holder))) {
      const taken = new AppError(
        'bad_config',
        `The host of sandboxes ${host.id} was taken by a worker of another machine or container, which has a folder of the same name: this one was silent for too long, or its folder was copied. It ends, so that they do not take each other's calls.`,
      );
      fail(taken);
      throw taken;
    }
    for (const id of await hosts.reap(timeoutMs)) {
      deps.metrics.hostsLost(1);
      const sessions = await hosts.withOpenCalls(id);
      log.warn(
        { host: id, calls_in: sessions.length },
        'a host of sandboxes is gone; its sessions go on elsewhere when they need a sandbox',
      );
      for (const sessionId of sessions) {
        await redirect(sessionId).catch((error: unknown) =>
          log.warn(
            { err: error, session_id: sessionId },
            'a call on a lost host goes on when Temporal notices',
          ),
        );
      }
    }
  }
  async function tidy(): Promise<void> {
    await deps.residence.evict();
    const here = [...folder.placements().keys()];
    if (here.length === 0) return;
    // The sandboxes themselves are ended by the reaper.
    for (const [sessionId, end] of await deps.leftovers.ended(here)) {
      if (end === 'deleted') folder.forget(sessionId);
    }
  }
  function every(milliseconds: number, work: () => Promise<void>, what: string): void {
    let round: Promise<void> | undefined;
    const timer = setInterval(() => {
      if (round !== undefined) return;
      const begun = work()
        .catch((error: unknown) => log.warn({ err: error }, `${what} failed and is repeated`))
        .finally(() => {
          rounds.delete(begun);
          round = undefined;
        });
      round = begun;
      rounds.add(begun);
    }, milliseconds);
    timers.push(timer);
  }

  return {
    async start(redirect) {
      await beat(redirect);
      every(
        Math.max(100, timeoutMs / BEATS),
        () => beat(redirect),
        'the heartbeat of this host of sandboxes',
      );
      every(Math.min(TIDY_MS, timeoutMs), tidy, 'clearing away sandboxes that were left behind');
    },
    taken,
    tidy,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(rounds);
      await hosts
        .release(deps.describe().id, deps.holder)
        .catch((error: unknown) => log.warn({ err: error }, 'whoever has this host next will wait for it'));
    },
  };
}
