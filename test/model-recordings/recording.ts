import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

/** The first line of a recording: where it comes from and how the response began. */
const Head = z.strictObject({
  /** The server and the model, in words. */
  source: z.string(),
  recorded: z.iso.date(),
  path: z.string(),
  status: z.int(),
  content_type: z.string(),
});
/** Every further line: one piece of the body as it came, and when, in milliseconds since the request. */
const Chunk = z.strictObject({ ms: z.number(), chunk: z.string() });

export type RecordingHead = z.infer<typeof Head>;
export interface Recording {
  head: RecordingHead;
  chunks: z.infer<typeof Chunk>[];
}

/** Reads a recorded response: JSON lines, the head first, then one chunk a line. */
export function readRecording(file: string): Recording {
  const [head, ...chunks] = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  return { head: Head.parse(head), chunks: chunks.map((chunk) => Chunk.parse(chunk)) };
}

export function writeRecording(file: string, { head, chunks }: Recording): void {
  writeFileSync(file, `${[head, ...chunks].map((line) => JSON.stringify(line)).join('\n')}\n`);
}
