import { jsonFault } from '../../core/json-fault.ts';

/**
 * How jobs and answers go through a pipe: two lengths of four bytes each, a header in JSON, and the bytes of all parts, one after the
 * other. Nothing but lengths, JSON and bytes is read of what a decoder process writes.
 */
const PREFIX = 8;

export interface Frame {
  header: unknown;
  body: Uint8Array;
}

/** The pieces to be written, in order. */
export function encodeFrame(header: unknown, parts: readonly Uint8Array[]): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(
    parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
    4,
  );
  return [prefix, text, ...parts];
}

/** Cuts a body into its parts. Throws RangeError when the lengths are not those of the body. */
export function cutBody(body: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let from = 0;
  const parts = lengths.map((length) => {
    const part = body.subarray(from, from + length);
    from += length;
    return part;
  });
  if (from !== body.byteLength) throw new RangeError('the lengths are not those of the body');
  return parts;
}

/**
 * Puts frames together from the chunks of a pipe. `most` is asked for each frame how many bytes it may have; what announces more, or is
 * no JSON or too much of it, makes `take` throw before any more is kept.
 */
export function createFrameReader(most: () => number, onFrame: (frame: Frame) => void) {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let needed = PREFIX;
  let lengths: { header: number; body: number } | undefined;

  function step(): boolean {
    if (held < needed) return false;
    const all =
      chunks.length === 1 && chunks[0] !== undefined
        ? Buffer.from(chunks[0].buffer, chunks[0].byteOffset, chunks[0].byteLength)
        : Buffer.concat(chunks);
    if (lengths === undefined) {
      lengths = { header: all.readUInt32BE(0), body: all.readUInt32BE(4) };
      if (lengths.header + lengths.body > most()) throw new RangeError('a frame is longer than it may be');
      needed = PREFIX + lengths.header + lengths.body;
      chunks = [all];
      return held >= needed;
    }
    const { header, body } = lengths;
    const text = all.subarray(PREFIX, PREFIX + header).toString('utf8');
    const fault = jsonFault(text);
    if (fault !== null) throw new RangeError(`a header ${fault}`);
    const frame = {
      header: JSON.parse(text) as unknown,
      body: all.subarray(PREFIX + header, PREFIX + header + body),
    };
    chunks = held > needed ? [all.subarray(needed)] : [];
    held -= needed;
    needed = PREFIX;
    lengths = undefined;
    onFrame(frame);
    return true;
  }

  return {
    take(chunk: Uint8Array): void {
      chunks.push(chunk);
      held += chunk.byteLength;
      while (step());
    },
  };
}
