import type { QueryConfig } from 'pg';

/** Before the other side is asked whether it is still there, milliseconds; for `keepAlive` of `pg`, whose kernel then asks ten times. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const;

/**
 * By these PostgreSQL finds within ten seconds that a client's machine is gone, ends what the client had under way, and gives its locks
 * free. Without them it takes the kernel's word for it, which is two hours. They say nothing where a proxy holds the connection.
 */
const FINDS_LOST_CLIENTS = {
  tcp_keepalives_idle: '3',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '9000',
  // A statement that waits for a lock, or computes, for a client that has gone away.
  client_connection_check_interval: '2000',
};

/** A transaction whose client is silent for longer holds the locks of a session that others want to write to. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * The statement that sets a new session up; each row of its answer says which one it is, and whether it takes writes. It is no part of the connection's start, since a pooler refuses parameters there that it does
 * not know; a server that is too old for one of them is spared it.
 *
 * @param own - settings besides, by name; they win.
 */
export function sessionSettings(own: Readonly<Record<string, string>> = {}): QueryConfig {
  const settings = {
    ...FINDS_LOST_CLIENTS,
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    ...own,
  };
  return {
    text: `SELECT set_config(wanted.name, wanted.value, false), pg_backend_pid() AS pid,
        current_setting('transaction_read_only')::boolean AS reads_only
      FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
        JOIN pg_settings known ON known.name = wanted.name`,
    values: [Object.keys(settings), Object.values(settings)],
  };
}
