import { Client } from 'pg';
import type { Lease } from '../lease.ts';

/** Class of the advisory locks of roles; the second number is the role's. */
const ROLE_LOCKS = 726_194;
export const SWEEPER_ROLE = 1;
export const BLOB_SWEEPER_ROLE = 2;
export const RETENTION_ROLE = 3;

/**
 * A lease on an advisory lock, held on a connection of its own, so that the kernel gives it back when the process is killed.
 *
 * @param url - a direct connection: a transaction pooler would give the lock to everybody.
 */
export function createPostgresLease(url: string, role: number): Lease {
  let client: Client | undefined;
  let locked = false;

  async function drop(): Promise<void> {
    const old = client;
    client = undefined;
    locked = false;
    await old?.end().catch(() => undefined);
  }

  return {
    async held() {
      try {
        if (!client) {
          const fresh = new Client({
            connectionString: url,
            connectionTimeoutMillis: 3_000,
            keepAlive: true,
          });
          fresh.on('error', () => void drop());
          client = fresh;
          await fresh.connect();
        }
        if (locked) {
          await client.query('SELECT 1');
          return true;
        }
        const result = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [
          ROLE_LOCKS,
          role,
        ]);
        locked = result.rows[0]?.got ?? false;
        return locked;
      } catch {
        await drop();
        return false;
      }
    },
    release: drop,
  };
}
