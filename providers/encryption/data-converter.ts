import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { KeyRing } from './key-ring.ts';
import { createPayloadCodec } from './payload-codec.ts';

/** A file with the failure converter under which failure texts travel as payloads; also bundled into workflow code. */
export const ENCODED_FAILURES = fileURLToPath(
  new URL('../../workflows/encoded-failures.ts', import.meta.url),
);

/** How client and worker turn values into what Temporal stores. Without a current key, failures stay readable in Temporal's UI. */
export function temporalDataConverter(ring: KeyRing): DataConverter {
  return {
    payloadCodecs: [createPayloadCodec(ring)],
    ...(ring.current !== null && { failureConverterPath: ENCODED_FAILURES }),
  };
}
