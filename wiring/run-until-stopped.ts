import type { Logger } from 'pino';

/** A process's work, once it is under way. */
export interface RunningProcess {
  /** Settles when the work ends by itself; rejects when it cannot go on. */
  done: Promise<unknown>;
  /** Asks the work to end: nothing new is taken, what is under way may finish. `done` then resolves. */
  stop(): Promise<void>;
  /** Lets go of everything, after `done`. */
  close(): Promise<void>;
}

/**
 * Starts a process's work, and ends it in good order on SIGTERM or SIGINT. The process ends with code 0 after a stop that was asked
 * for, with 1 otherwise. `signal` aborts when the process is asked to stop while it still starts.
 */
export async function runUntilStopped(
  log: Logger,
  start: (signal: AbortSignal) => Promise<RunningProcess>,
): Promise<void> {
  const starting = new AbortController();
  let running: RunningProcess | undefined;
  let asked = false;
  const ask = (name: NodeJS.Signals): void => {
    if (asked) return;
    asked = true;
    log.info({ signal: name }, 'stopping');
    starting.abort(new Error(`stopped by ${name}`));
    running?.stop().catch((error: unknown) => log.error({ err: error }, 'stopping failed'));
  };
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  try {
    running = await start(starting.signal);
    if (asked) await running.stop();
    await running.done;
    await running.close();
    process.exitCode = asked ? 0 : 1;
  } catch (error) {
    if (!asked) log.fatal({ err: error }, 'the process cannot go on');
    process.exitCode = asked ? 0 : 1;
  }
  // Native parts may hold the event loop open; everything of ours is closed by now.
  process.exit();
}
