import type { Logger } from 'pino';
import { machineMark, type HostMarks } from '../../providers/blob/host-marks.ts';

/** No start waits longer for blobs that do not answer. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 60_000;
/** Sooner than an unreferenced blob is removed. */
const RENEW_MS = 15 * 60_000;

/**
 * Leaves the mark of a machine in the blobs of its worker without sandboxes, so that others notice when it stores them elsewhere; workers with
 * sandboxes leave that of their host. Resolves when the mark is there, or blobs do not answer soon.
 */
export async function keepWorkerMark(deps: {
  /** As the registry of workers has it. */
  machine: string;
  marks: Pick<HostMarks, 'leave'>;
  log: Pick<Logger, 'warn'>;
}): Promise<{ stop(): void }> {
  const { machine, marks, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function leave(): Promise<void> {
    let pauseMs = RENEW_MS;
    try {
      await marks.leave(machineMark(machine));
    } catch (error) {
      pauseMs = RETRY_MS;
      log.warn({ err: error }, 'the mark of this worker could not be left in its blobs; it is tried again');
    }
    if (!isStopped) timer = setTimeout(() => void leave(), pauseMs).unref();
  }

  await Promise.race([
    leave(),
    new Promise((resolve) => {
      setTimeout(resolve, PATIENCE_MS).unref();
    }),
  ]);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
