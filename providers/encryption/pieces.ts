/** Cuts a stream into pieces of `size` bytes; the last may be shorter, or empty when there is nothing at all. */
export async function* pieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ piece: Buffer; last: boolean }> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    length += chunk.length;
    if (length <= size) continue;
    // A full piece is kept until more comes, since only then it is not the last.
    const whole = Buffer.concat(held);
    let from = 0;
    for (; length - from > size; from += size)
      yield { piece: whole.subarray(from, from + size), last: false };
    held = [whole.subarray(from)];
    length -= from;
  }
  yield { piece: Buffer.concat(held), last: true };
}
