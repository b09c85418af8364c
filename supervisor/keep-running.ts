import { setTimeout as delay } from 'node:timers/promises';
import { lastWords } from '../providers/host/log-file.ts';
import { isAlive } from '../providers/host/process-identity.ts';
import type { Part, RunningPart } from './part.ts';

/** Between two looks whether a process lives. Restarting "at once" means within this time. */
const LOOK_MS = 100;
/** A process that ends sooner than this after its start is in a crash loop, and is started again ever more slowly. */
const STABLE_MS = 5_000;
const LONGEST_PAUSE_MS = 30_000;

/** A part that is started again whenever it ends. */
export interface KeptPart {
  readonly name: Part['name'];
  /** The process of now; null while it is being started. */
  current(): RunningPart | null;
  /** Ends the part for good. */
  stop(): Promise<void>;
}

/**
 * Starts a part, and starts it again whenever it ends. Resolves once it runs for the first time; rejects when that first start fails.
 *
 * @param onChange - told after each start.
 * @param signal - gives up the first start.
 */
export async function keepRunning(
  part: Part,
  say: (line: string) => void,
  onChange: () => Promise<void> | void,
  signal: AbortSignal,
): Promise<KeptPart> {
  const stopping = new AbortController();
  let running: RunningPart | null = await part.start(signal);
  let startedAt = performance.now();
  try {
    await onChange();
  } catch (error) {
    await running.stop();
    throw error;
  }

  async function watch(): Promise<void> {
    let quickEnds = 0;
    while (!stopping.signal.aborted) {
      await delay(LOOK_MS);
      if (running !== null && isAlive(running.process)) continue;
      if (stopping.signal.aborted) return;
      const ended = running;
      if (ended !== null) {
        const lived = performance.now() - startedAt;
        quickEnds = lived < STABLE_MS ? quickEnds + 1 : 0;
        say(`${part.name} (pid ${ended.process.pid}) ended; it is started again.`);
      }
      running = null;
      if (quickEnds > 1) {
        const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** (quickEnds - 2));
        say(
          `${part.name} keeps ending; next start in ${pause / 1000} s. The end of ${ended?.logFile ?? 'its log'}:`,
        );
        if (ended) say(lastWords(ended.logFile));
        await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
      }
      try {
        running = await part.start(stopping.signal);
        startedAt = performance.now();
        await onChange();
      } catch (error) {
        if (stopping.signal.aborted) return;
        quickEnds++;
        say(`${part.name} could not be started: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const watching = watch();

  return {
    name: part.name,
    current: () => running,
    async stop() {
      stopping.abort();
      await watching;
      await running?.stop();
    },
  };
}
