import type { PackageGate } from '../../core/skills/package-gate.ts';

/** Holds a byte stream's content, each piece counted before the next is asked for. */
export async function collect(stream: AsyncIterable<unknown>, gate: PackageGate): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream of bytes gave something else');
    gate.bytes(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
