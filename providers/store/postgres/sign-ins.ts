import type { SignIn, SignInMarks, SignInStore } from '../sign-ins.ts';
import type { Database } from './database.ts';

const COLUMNS = `id, key_id AS "keyId", created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt", address,
  client`;
/** With the idle time, in milliseconds, as $2. */
const LIVES = `expires_at > now() AND last_used_at > now() - $2 * interval '1 millisecond'`;
/** Use is noted once in this time, so that reading pages is no writing. */
const STALE = `last_used_at < now() - interval '1 minute'`;

/** Who is signed in, on PostgreSQL. */
export function createPostgresSignIns(database: Database): SignInStore {
  return {
    async secret() {
      const [row] = await database.query<{ secret: Buffer }>('SELECT secret FROM sign_in_secret');
      if (!row) throw new Error('the secret of sign-ins is missing');
      return row.secret;
    },

    add: (signIn, { lifetimeMs, idleMs, atMost }) =>
      database.transaction(async (connection) => {
        await connection.query(
          `INSERT INTO sign_ins (id, token_hash, key_id, key_proof, expires_at, address, client)
            VALUES ($1, decode($2, 'hex'), $3, decode($4, 'hex'), now() + $5 * interval '1 millisecond', $6, $7)`,
          [
            signIn.id,
            signIn.tokenHash,
            signIn.keyId,
            signIn.keyProof,
            lifetimeMs,
            signIn.address,
            signIn.client,
          ],
        );
        await connection.query(
          `DELETE FROM sign_ins WHERE expires_at <= now() OR last_used_at <= now() - $2 * interval '1 millisecond'
            OR id IN (SELECT id FROM sign_ins WHERE key_id = $1 ORDER BY created_at DESC, id DESC OFFSET $3)`,
          [signIn.keyId, idleMs, atMost],
        );
      }),

    async use(tokenHash, idleMs) {
      const [found] = await database.query<SignIn & SignInMarks>(
        `WITH found AS (SELECT ${COLUMNS}, encode(token_hash, 'hex') AS "tokenHash", encode(key_proof, 'hex') AS "keyProof"
            FROM sign_ins WHERE token_hash = decode($1, 'hex') AND ${LIVES}),
          used AS (UPDATE sign_ins SET last_used_at = now() WHERE id = (SELECT id FROM found) AND ${STALE})
          SELECT * FROM found`,
        [tokenHash, idleMs],
        'sign-in-use',
      );
      return found ?? null;
    },

    list: (keyId, idleMs) =>
      database.query<SignIn>(
        `SELECT ${COLUMNS} FROM sign_ins WHERE key_id = $1 AND ${LIVES} ORDER BY created_at DESC, id DESC`,
        [keyId, idleMs],
      ),

    async remove(keyId, id) {
      const rows = await database.query('DELETE FROM sign_ins WHERE key_id = $1 AND id = $2 RETURNING id', [
        keyId,
        id,
      ]);
      return rows.length > 0;
    },

    async living(ids, idleMs) {
      const rows = await database.query<{ id: string }>(
        `WITH found AS (SELECT id FROM sign_ins WHERE id = ANY($1) AND ${LIVES}),
          used AS (UPDATE sign_ins SET last_used_at = now() WHERE id IN (SELECT id FROM found) AND ${STALE})
          SELECT id FROM found`,
        [ids, idleMs],
      );
      return new Set(rows.map(({ id }) => id));
    },
  };
}
