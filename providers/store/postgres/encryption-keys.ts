import type { Database } from './database.ts';

/** A key of `encryption.keys`, and what only its holder can say. */
export interface ProvenKey {
  id: string;
  proof: string;
}

/** What the store remembers of keys, beside those that a process has. */
export interface KeysCompared {
  /** Ids under which another key was used before. */
  changed: string[];
  /** Ids that were used before, and are not there now; the one that encrypted last comes first. */
  missing: string[];
}

/** The id of the key that encrypted last, in one statement. */
export const LAST_KEY = `SELECT id FROM encryption_keys WHERE current_since IS NOT NULL ORDER BY current_since DESC LIMIT 1`;

/**
 * Compares the keys of a process, of which the first encrypts, with those that the store remembers, and has it remember them, unless one
 * of them is another than before. It writes only what is new.
 */
export async function compareEncryptionKeys(
  database: Pick<Database, 'query'>,
  keys: readonly ProvenKey[],
): Promise<KeysCompared> {
  const known = await database.query<ProvenKey>(
    'SELECT id, proof FROM encryption_keys ORDER BY current_since DESC NULLS LAST, id',
  );
  const proofs = new Map(keys.map(({ id, proof }) => [id, proof]));
  const changed = known.filter(({ id, proof }) => (proofs.get(id) ?? proof) !== proof).map(({ id }) => id);
  const missing = known.filter(({ id }) => !proofs.has(id)).map(({ id }) => id);
  if (changed.length > 0) return { changed, missing };
  const remembered = new Set(known.map(({ id }) => id));
  const fresh = keys.filter(({ id }) => !remembered.has(id));
  if (fresh.length > 0) {
    await database.query(
      'INSERT INTO encryption_keys (id, proof) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
      [fresh.map(({ id }) => id), fresh.map(({ proof }) => proof)],
    );
  }
  if (keys[0] !== undefined) {
    await database.query(
      `UPDATE encryption_keys SET current_since = clock_timestamp() WHERE id = $1 AND id IS DISTINCT FROM (${LAST_KEY})`,
      [keys[0].id],
    );
  }
  return { changed, missing };
}
