import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';

/**
 * Hashes and counts what passes through. `pass` throws `too_large` once more than `limit` bytes came; `result` is asked once, at the
 * end.
 */
export function hashed(limit: number): {
  pass: (chunk: Uint8Array) => Uint8Array;
  result: () => { sha256: string; bytes: number };
} {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    pass(chunk) {
      bytes += chunk.length;
      if (bytes > limit) throw new AppError('too_large', `More than ${limit} bytes came; that is the most.`);
      hash.update(chunk);
      return chunk;
    },
    result: () => ({ sha256: hash.digest('hex'), bytes }),
  };
}
