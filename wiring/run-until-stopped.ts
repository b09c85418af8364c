import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

/** A process's work, once it is under way. */
export interface RunningProcess {
  /** Settles when the work ends by itself; rejects when it cannot go on. */
  done: Promise<unknown>;
  /**
   * How long it goes on as before after SIGTERM, only not ready any more, so that whoever sends it work notices before it stops taking
   * any. A second signal cuts it short, and Ctrl-C does not wait at all. Left out: not at all.
   */
  unreadyMs?: number;
  /** Asks the work to end: nothing new is taken, what is under way may finish. `done` then resolves. */
  stop(): Promise<void>;
  /** Lets go of everything, after `done`. */
  close(): Promise<void>;
}

/**
 * Starts a process's work, and ends it in good order on SIGTERM or SIGINT. The process ends with code 0 after a stop that was asked
 * for, with 1 otherwise. `signal` aborts when the process is asked to stop: while it still starts, that is given up; later on the process
 * is not ready any more.
 */
export async function runUntilStopped(
  log: Logger,
  start: (signal: AbortSignal) => Promise<RunningProcess>,
): Promise<void> {
  const stopping = new AbortController();
  const hurry = new AbortController();
  let running: RunningProcess | undefined;
  let stopped: Promise<void> | undefined;
  const asked = (): boolean => stopping.signal.aborted;

  async function stop(work: RunningProcess): Promise<void> {
    const { unreadyMs = 0 } = work;
    if (unreadyMs > 0 && !hurry.signal.aborted) {
      log.info({ seconds: unreadyMs / 1_000 }, 'not ready any more; requests are still taken');
      await delay(unreadyMs, undefined, { signal: hurry.signal }).catch(() => undefined);
    }
    await work.stop();
  }
  /** Once, however often it is asked for. */
  function stopOnce(work: RunningProcess): Promise<void> {
    stopped ??= stop(work).catch((error: unknown) => log.error({ err: error }, 'stopping failed'));
    return stopped;
  }

  const ask = (name: NodeJS.Signals): void => {
    if (asked() || name === 'SIGINT') hurry.abort();
    if (asked()) return;
    log.info({ signal: name }, 'stopping');
    stopping.abort(new Error(`stopped by ${name}`));
    if (running !== undefined) void stopOnce(running);
  };
  logProcess(log);
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  try {
    running = await start(stopping.signal);
    if (asked()) await stopOnce(running);
    await running.done;
    await running.close();
    process.exitCode = asked() ? 0 : 1;
  } catch (error) {
    if (!asked()) log.fatal({ err: error }, 'the process cannot go on');
    process.exitCode = asked() ? 0 : 1;
  }
  // Native parts may hold the event loop open; everything of ours is closed by now.
  process.exit();
}

/** What Node would write beside the log, in no form of its lines and with secrets in it. */
function logProcess(log: Logger): void {
  // Node prints warnings from a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn({ err: warning }, 'a warning of Node'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the process ends by an error that nobody has caught');
    process.exit(1);
  });
}
