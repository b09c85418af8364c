import { Worker } from 'node:worker_threads';
import type { PdfLimits, PdfReader, ReadPdf } from './pdf-reader.ts';

type Answer = ReadPdf | { refusal: string };

export interface ThreadedPdfReaderOptions extends PdfLimits {
  milliseconds?: number;
  memoryMb?: number;
}

/**
 * Reads each PDF in a thread of its own, one after another, with bounds on memory and time: what strangers wrote is parsed there, and
 * a document that is made to break its reader breaks nothing else.
 */
export function createThreadedPdfReader(options: ThreadedPdfReaderOptions): PdfReader {
  const { milliseconds = 30_000, memoryMb = 512, pages, characters } = options;
  let last: Promise<unknown> = Promise.resolve();

  async function readOne(bytes: Uint8Array, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const worker = new Worker(new URL('./pdf-worker.ts', import.meta.url), {
      workerData: { bytes, limits: { pages, characters } },
      env: {},
      // The parser prints warnings about odd documents, which are nobody's concern.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32, stackSizeMb: 8 },
    });
    const timeout = AbortSignal.timeout(milliseconds);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', (error) => resolve({ refusal: `it cannot be read (${error.message})` }));
        worker.once('exit', () => resolve({ refusal: 'it cannot be read: its reader ended' }));
        timeout.addEventListener('abort', () =>
          resolve({ refusal: `it cannot be read within ${milliseconds / 1_000} s` }),
        );
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    } finally {
      await worker.terminate();
    }
  }

  return {
    read(pdf, signal) {
      const reading = last.then(async () => readOne(pdf, signal));
      // The next one starts whatever becomes of this one; its own caller hears of a failure.
      last = reading.catch(() => undefined);
      return reading;
    },
  };
}
