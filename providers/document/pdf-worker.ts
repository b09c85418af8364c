import { parentPort, workerData } from 'node:worker_threads';
import type { PdfLimits } from './pdf-reader.ts';
import { pdfText } from './pdf-text.ts';

/** The entry of the thread that reads one PDF; what it posts is all that comes out of it. */
const { bytes, limits } = workerData as { bytes: Uint8Array; limits: PdfLimits };
pdfText(bytes, limits).then(
  (read) => parentPort?.postMessage(read),
  (error: unknown) =>
    parentPort?.postMessage({
      refusal: `it cannot be read (${error instanceof Error ? error.message : String(error)})`,
    }),
);
