import { Client } from 'pg';

/** One connection that stays open: for LISTEN and NOTIFY. */
export interface BusConnection {
  query(text: string, values?: unknown[]): Promise<void>;
  /** Resolves with the reason when the connection is gone, whoever ended it. */
  readonly ended: Promise<Error>;
  /** Ends it at once, also when the other side does not answer. */
  destroy(): void;
}

const CONNECT_MS = 5_000;
/** A statement here takes a millisecond; one that takes this long means that nobody is there. */
const STATEMENT_MS = 10_000;

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
  const client = new Client({
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'managed-agent bus',
  });
  const { promise: ended, resolve: setEnded } = Promise.withResolvers<Error>();
  client.on('error', setEnded);
  client.on('end', () => setEnded(new Error('The connection was ended.')));
  client.on('notification', ({ channel, payload }) => options.onNotification(channel, payload ?? ''));
  const destroy = () => {
    // With a statement under way, or after an error, `end` cuts the connection instead of saying good-bye.
    client.end().catch(() => undefined);
    setEnded(new Error('The connection was ended.'));
  };
  try {
    await client.connect();
    await client.query('SET synchronous_commit = off');
    for (const channel of options.channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    async query(text, values) {
      await client.query(text, values);
    },
    ended,
    destroy,
  };
}
