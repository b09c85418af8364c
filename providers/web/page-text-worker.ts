import { parentPort, workerData } from 'node:worker_threads';

import { pageText, type PageSource } from './page-text.ts';

/** The entry of the thread that reads one page; what it posts is all that comes out of it. */
pageText(workerData as PageSource).then(
  (text) => parentPort?.postMessage(text),
  (error: unknown) =>
    parentPort?.postMessage({
      refusal: `it cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    }),
);
