import { escapeIdentifier } from 'pg';
import { connectDirectly, type DirectConnection } from '../../postgres-client/direct-connection.ts';

/** One connection that stays open: for LISTEN and NOTIFY. */
export type BusConnection = Pick<DirectConnection, 'query' | 'ended' | 'destroy'>;

/**
 * Connects and sets the session up. `synchronous_commit=off`, because nothing that is sent has to survive a crash, and a notification
 * should not wait for the disk.
 *
 * Rejects with `pg`'s error when PostgreSQL does not answer.
 */
export async function connectBus(options: {
  url: string;
  channels: readonly string[];
  onNotification: (channel: string, payload: string) => void;
}): Promise<BusConnection> {
  const connection = await connectDirectly({
    ...options,
    applicationName: 'managed-agent bus',
    settings: { synchronous_commit: 'off' },
  });
  try {
    for (const channel of options.channels) await connection.query(`LISTEN ${escapeIdentifier(channel)}`);
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}
