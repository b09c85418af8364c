import type { Config } from '../config.ts';
import { createKeyRing, type KeyRing } from '../providers/encryption/key-ring.ts';

/** The key ring of `encryption.keys`: one for Temporal's payloads, the journal's rows and the blobs. */
export function keyRing(config: Config): KeyRing {
  return createKeyRing(config.encryption.keys);
}
