import type { ClientBase, QueryResult } from 'pg';
import { sessionSettings } from './session-settings.ts';

/** What a new connection leads to. */
export interface ServerSession {
  /** Whether a pooler stands in between, which may give each transaction another session of the server. */
  isPooled: boolean;
  /** Whether the server takes no writes: it is a standby, or was set to read only. */
  readsOnly: boolean;
}

/**
 * Sets a new connection up, and finds out where it leads.
 *
 * @param settings - of the session, besides those of every session (see `sessionSettings`).
 * @param answered - waits for the answer, or gives it up.
 */
export async function setUpSession(
  client: ClientBase,
  settings: Readonly<Record<string, string>>,
  answered: <T>(answer: Promise<T>) => Promise<T>,
): Promise<ServerSession> {
  const { rows }: QueryResult<{ pid: number; reads_only: boolean }> = await answered(
    client.query(sessionSettings(settings)),
  );
  const [found] = rows;
  // The server names its process at the start of a connection; a pooler has to make a number up.
  return { isPooled: backendOf(client) !== found?.pid, readsOnly: found?.reads_only === true };
}

/** The process that serves a connection, as it was named at its start. `pg` keeps it on the client; its type declarations leave it out. */
export function backendOf(client: ClientBase): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}
