import type { WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * A stream into a new file that exists when this resolves. A stream that opens its file by itself may create it after its pipeline has
 * failed and the file was removed. What was written is on disk when the stream finishes. Rejects when the file exists.
 */
export async function newFile(path: string): Promise<WriteStream> {
  const handle = await open(path, 'wx', 0o600);
  return handle.createWriteStream({ flush: true });
}
