import { Readable } from 'node:stream';

import { fromFileFrames } from '../providers/sandbox/file-frames.ts';
import type { Transfer } from './transfer.ts';

/** What is gathered of a file before it is written; a larger one is written as it comes. */
const GATHERED_BYTES = 1024 * 1024;

/**
 * Writes files that come in frames, each as a whole. Throws for the first that the system refuses, as for a single one; those before it
 * are there then.
 */
export async function receiveFiles(
  transfer: Pick<Transfer, 'write' | 'writeSmall'>,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const { path, mode, content } of fromFileFrames(source)) {
    if (!path.startsWith('/')) throw new RangeError('the path must be absolute');
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    const rest = content[Symbol.asyncIterator]();
    let isAll = false;
    while (bytes <= GATHERED_BYTES) {
      const next = await rest.next();
      isAll = next.done === true;
      if (next.done === true) break;
      pieces.push(next.value);
      bytes += next.value.length;
    }
    if (isAll) transfer.writeSmall(path, mode, Buffer.concat(pieces));
    else await transfer.write(path, mode, Readable.from(joined(pieces, rest)));
  }
}

async function* joined(
  pieces: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* pieces;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
