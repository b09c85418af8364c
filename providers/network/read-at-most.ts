/**
 * Reads a whole stream, which must not have more than so many bytes: then nothing more of it is read, it is closed, and `tooMuch` makes the
 * error that this rejects with.
 */
export async function readAtMost(
  source: AsyncIterable<Uint8Array>,
  most: number,
  tooMuch: () => Error,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of source) {
    size += part.length;
    if (size > most) throw tooMuch();
    parts.push(part);
  }
  return Buffer.concat(parts);
}
