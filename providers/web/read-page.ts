import { Worker } from 'node:worker_threads';

import type { PageSource, PageText } from './page-text.ts';

const READ_MS = 20_000;
const MEMORY_MB = 256;

/**
 * Reads a page in a thread of its own, with bounds on memory and time: what strangers wrote is parsed there, and a page that is made to
 * break its reader breaks nothing else. Rejects with the signal's reason when `signal` aborts.
 */
export async function readPage(
  source: PageSource,
  signal: AbortSignal,
  limits: { milliseconds: number } = { milliseconds: READ_MS },
): Promise<PageText> {
  const worker = new Worker(new URL('./page-text-worker.ts', import.meta.url), {
    workerData: source,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 8 },
  });
  const timeout = AbortSignal.timeout(limits.milliseconds);
  const stopped = AbortSignal.any([signal, timeout]);
  try {
    return await new Promise<PageText>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => resolve({ refusal: `it cannot be read: ${error.message}` }));
      worker.once('exit', () => resolve({ refusal: 'it cannot be read: its reader ended' }));
      stopped.addEventListener('abort', () => {
        if (signal.aborted) reject(signal.reason as Error);
        else resolve({ refusal: `it cannot be read within ${limits.milliseconds / 1_000} s` });
      });
    });
  } finally {
    await worker.terminate();
  }
}
