import { createHash } from 'node:crypto';
import { chmodSync, createReadStream } from 'node:fs';

/** Makes a fetched file executable when it is the one that the repository names by its SHA-256. Throws when it is another. */
export async function checkBinary(file: string, sha256: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`${file} has the SHA-256 ${found}, not ${sha256}; it is not used`);
  chmodSync(file, 0o755);
}
