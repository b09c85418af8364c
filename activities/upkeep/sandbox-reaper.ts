import type { Logger } from 'pino';
import type { SandboxDriver } from '../../providers/sandbox/sandbox.ts';
import type { Leftovers } from '../../providers/store/leftovers.ts';
import type { CountRemoved } from '../../providers/telemetry/removed-metric.ts';

const PERIOD_MS = 30_000;
const TIDY_EVERY_MS = 24 * 3_600_000;

/** Clears this host of the sandboxes of sessions that have ended. */
export interface SandboxReaper {
  /** One round: asks the store once. A sandbox that cannot be ended is logged and tried again in the next round. */
  reap(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

/**
 * Sandboxes of deleted sessions are destroyed, those of archived ones stopped; their files stay for as long as the settings say. A sandbox whose session the
 * store has never heard of is left alone: it may belong to another instance, or to a store that was put back to an earlier state.
 */
export function createSandboxReaper(deps: {
  driver: Pick<SandboxDriver, 'list' | 'stop' | 'destroy' | 'tidy'>;
  leftovers: Pick<Leftovers, 'ended' | 'archivedBefore'>;
  /** How long the files of archived sessions stay; null: as long as the session. */
  archivedMs: number | null;
  removed?: CountRemoved;
  log: Logger;
}): SandboxReaper {
  const { driver, leftovers, archivedMs, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  let tidiedAt = Number.NEGATIVE_INFINITY;

  async function tidy(): Promise<void> {
    if (Date.now() - tidiedAt < TIDY_EVERY_MS) return;
    tidiedAt = Date.now();
    await driver.tidy?.();
  }

  async function reap(): Promise<void> {
    const sandboxes = await driver.list();
    if (sandboxes.length === 0) return;
    const ended = await leftovers.ended(sandboxes.map(({ sessionId }) => sessionId));
    const archived = [...ended].flatMap(([sessionId, end]) => (end === 'archived' ? [sessionId] : []));
    const outlived = new Set(
      archivedMs === null || archived.length === 0
        ? []
        : await leftovers.archivedBefore(archived, archivedMs),
    );
    for (const { sessionId, state } of sandboxes) {
      const end = ended.get(sessionId);
      const goes = end === 'deleted' || outlived.has(sessionId);
      if (end === undefined || (!goes && state === 'stopped')) continue;
      try {
        await (goes ? driver.destroy(sessionId) : driver.stop(sessionId));
        if (goes) deps.removed?.('sandboxes', 1);
        log.info({ session_id: sessionId }, `the sandbox of a session that was ${end} is gone`);
      } catch (error) {
        log.warn({ err: error, session_id: sessionId }, 'a sandbox that nobody needs could not be ended');
      }
    }
  }

  return {
    reap,
    start() {
      timer = setInterval(() => {
        round ??= reap()
          .then(tidy)
          .catch((error: unknown) => log.warn({ err: error }, 'looking for ended sessions failed'))
          .finally(() => {
            round = undefined;
          });
      }, PERIOD_MS);
    },
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
