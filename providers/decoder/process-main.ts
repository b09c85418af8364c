import { writeSync } from 'node:fs';
import { isAppError } from '../../core/errors.ts';
import { ANSWERS_DESCRIPTOR } from './descriptors.ts';
import { createFrameReader, cutBody, encodeFrame } from './frames.ts';
import type { JobModule } from './job-module.ts';

/**
 * The process that reads what strangers wrote: one job at a time, nothing kept. It is bundled and started by `confined-process.ts`, under
 * limits that hold from outside, and ends when its parent does.
 */
interface Asked {
  /** Goes back with the answer: by it the parent knows that this job is meant. */
  id: string;
  kind: string;
  value: unknown;
  lengths: number[];
}

/** What the parser says goes to people; it need not be a novel. */
const MESSAGE = 2_000;

function answer(header: unknown, parts: readonly Uint8Array[] = []): void {
  for (const piece of encodeFrame(header, parts)) {
    for (let from = 0; from < piece.byteLength;) from += writeSync(ANSWERS_DESCRIPTOR, piece, from);
  }
}

async function run({ id, kind, value, lengths }: Asked, body: Uint8Array): Promise<void> {
  try {
    // The modules lie beside this one, where the bundler has put them: only what a job needs is loaded.
    const module = (await import(new URL(`./jobs/${kind}.mjs`, import.meta.url).href)) as JobModule;
    const { value: made, parts = [] } = await module.run(value, cutBody(body, lengths));
    answer({ id, value: made, lengths: parts.map(({ byteLength }) => byteLength) }, parts);
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE);
    answer({
      id,
      failure: isAppError(error) && error.code === 'invalid_request' ? 'refused' : 'broken',
      message,
    });
  }
}

const reader = createFrameReader(
  () => Number.POSITIVE_INFINITY,
  ({ header, body }) => void run(header as Asked, body),
);
process.stdin.on('data', (chunk: Buffer) => reader.take(chunk));
process.stdin.on('end', () => process.exit(0));
answer({ ready: true });
