import type { SupervisedService, SuperviseOptions } from './supervise.ts';
import { supervise } from './supervise.ts';
import { isAppError } from '../core/errors.ts';

export interface RunOptions extends Omit<SuperviseOptions, 'signal'> {
  /** Work beside the start that the first announcement waits for, such as building the console; `signal` ends it. Never rejects. */
  prepare?: (signal: AbortSignal) => Promise<void>;
  /** Reads the settings at each SIGHUP; throws when they are wrong, and then nobody else is told to read them. */
  reread?: () => void;
  /** Called once when everything runs. */
  announce: (urls: SupervisedService['urls']) => void;
}

/** How the end of this process may be asked for. SIGQUIT comes from a terminal's second key. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/**
 * Runs the service until this process is signalled, and leaves nothing of it running then: at whatever moment the signal comes, also while
 * the service still starts, and whichever come after it. SIGHUP ends nothing, also when it comes because the terminal is gone: api and
 * worker read their settings anew. Resolves with the exit code.
 */
export async function runService({ prepare, reread, announce, ...options }: RunOptions): Promise<number> {
  const { say } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stop = new Promise<void>((resolve) => {
    for (const name of SIGNALS) {
      process.on(name, () => {
        // Any further one during a slow stop changes nothing.
        if (signal.aborted) return;
        say(`${name}: stopping.`);
        stopping.abort();
        resolve();
      });
    }
  });
  let running: SupervisedService | null = null;
  let isHungUp = false;
  const hangUp = (): void => {
    isHungUp = running === null;
    if (running === null || signal.aborted) return;
    try {
      reread?.();
      running.reload();
      say('SIGHUP: api and worker read their settings anew; what they say of them is in their logs.');
    } catch (error) {
      say(`SIGHUP: the settings are wrong now, so those of before stay. ${messageOf(error)}`);
    }
  };
  process.on('SIGHUP', hangUp);
  // A terminal that is gone, or a reader that has ended, must not end this process before everything else has.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  try {
    const prepared = prepare?.(signal);
    const service = await supervise({ ...options, signal });
    running = service;
    if (isHungUp) hangUp();
    // Not ready in time is no reason to stop: what the parts wait for may still come.
    const ready = service.ready().then(
      async () => {
        await prepared;
        return true;
      },
      (error: unknown) => {
        say(messageOf(error));
        return false;
      },
    );
    if ((await Promise.race([ready, stop])) === true) announce(service.urls);
    await stop;
    await service.stop();
    return 0;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 0;
    // A wrong setting or a taken port is explained in its message; a stack would only hide it.
    console.error(isAppError(error) ? error.message : error);
    return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
