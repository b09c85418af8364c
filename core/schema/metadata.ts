import { z } from 'zod';
import { AppError } from '../errors.ts';

const MAX_PAIRS = 16;
const MAX_KEY = 64;
const MAX_VALUE = 512;

const Key = z.string().min(1).max(MAX_KEY);
const Value = z.string().max(MAX_VALUE);

export const Metadata = z
  .record(Key, Value)
  .refine((pairs) => Object.keys(pairs).length <= MAX_PAIRS, `at most ${MAX_PAIRS} pairs`)
  .meta({ id: 'Metadata', maxProperties: MAX_PAIRS });
export type Metadata = z.infer<typeof Metadata>;

/** A change of stored metadata: a string sets a key, null removes it. */
export const MetadataPatch = z
  .record(Key, Value.nullable())
  .refine((pairs) => Object.keys(pairs).length <= 2 * MAX_PAIRS, 'too many keys')
  .meta({ id: 'MetadataPatch' });
export type MetadataPatch = z.infer<typeof MetadataPatch>;

/**
 * The metadata after a patch. `removes` says which values take a key away.
 *
 * @throws `invalid_request` when more pairs remain than may be.
 */
export function patchMetadata(
  stored: Metadata,
  patch: MetadataPatch,
  removes: (value: string | null) => boolean = (value) => value === null,
): Metadata {
  const merged = new Map(Object.entries(stored));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || removes(value)) merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > MAX_PAIRS) {
    throw new AppError(
      'invalid_request',
      `metadata: at most ${MAX_PAIRS} pairs; with these changes there are ${merged.size}`,
      {
        details: { error_code: 'invalid_metadata' },
      },
    );
  }
  return Object.fromEntries(merged);
}
