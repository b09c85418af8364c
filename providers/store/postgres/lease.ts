import { connectDirectly, type DirectConnection } from '../../postgres-client/direct-connection.ts';
import type { Lease } from '../lease.ts';

/** Class of the advisory locks of roles; the second number is the role's. */
const ROLE_LOCKS = 726_194;
export const SWEEPER_ROLE = 1;
export const BLOB_SWEEPER_ROLE = 2;
export const RETENTION_ROLE = 3;

/** Ends a session of this process that holds the lock though this process has lost it: PostgreSQL has not noticed yet. */
const END_OWN_HOLDER = `
  SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
  WHERE l.locktype = 'advisory' AND l.classid = $1::oid AND l.objid = $2::oid AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.usename = current_user AND a.application_name = $3 AND a.pid <> pg_backend_pid()`;

/**
 * A lease on an advisory lock, held on a connection of its own, so that the kernel gives it back when the process is killed. When its
 * machine is lost, PostgreSQL ends the connection by its own time limits, or whoever takes over from the worker does.
 *
 * @param url - a direct connection: a transaction pooler would give the lock to everybody.
 * @param applicationName - of this process only.
 */
export function createPostgresLease(url: string, role: number, applicationName: string): Lease {
  let connection: DirectConnection | undefined;
  let locked = false;

  async function connect(): Promise<DirectConnection> {
    const fresh = await connectDirectly({ url, applicationName });
    void fresh.ended.then(() => {
      if (connection === fresh) forget();
    });
    await fresh.query(END_OWN_HOLDER, [ROLE_LOCKS, role, applicationName]);
    return fresh;
  }

  function forget(): void {
    connection = undefined;
    locked = false;
  }

  return {
    async held() {
      try {
        connection ??= await connect();
        if (locked) {
          await connection.query('SELECT 1');
          return true;
        }
        const [row] = await connection.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [
          ROLE_LOCKS,
          role,
        ]);
        locked = row?.got ?? false;
        return locked;
      } catch {
        connection?.destroy();
        forget();
        return false;
      }
    },
    async release() {
      const old = connection;
      forget();
      await old?.close();
    },
  };
}
