import type { Logger } from 'pino';
import type { DiskReserve } from '../../providers/disk/disk-reserve.ts';
import type { SandboxDriver } from '../../providers/sandbox/sandbox.ts';

/** A fast disk loses half a gigabyte between two looks. */
const PERIOD_MS = 500;
/** How long a sandbox may take to answer. A disk that is almost full is slow. */
const ANSWER_MS = 2_000;

/**
 * Sandboxes end what writes by themselves when the disk comes to its reserve. Where they have one user id for everything a command can
 * stop the process that does: then those that answer nobody are ended from here.
 */
export interface DiskBackstop {
  /** One look. */
  look(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createDiskBackstop(deps: {
  driver: Pick<SandboxDriver, 'endSilent'>;
  reserve: Pick<DiskReserve, 'look'>;
  log: Logger;
}): DiskBackstop {
  const { driver, reserve, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  async function look(): Promise<void> {
    if (reserve.look().state !== 'reserve') return;
    for (const sessionId of (await driver.endSilent?.(ANSWER_MS)) ?? [])
      log.warn({ session_id: sessionId }, 'a sandbox that answered nobody was ended to keep the disk');
  }

  return {
    look,
    start() {
      timer = setInterval(() => {
        round ??= look()
          .catch((error: unknown) => log.warn({ err: error }, 'keeping the disk from sandboxes failed'))
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
