import { setTimeout as delay } from 'node:timers/promises';
import { Client, type QueryResultRow } from 'pg';
import { cut, watchAnswers } from './answer-watch.ts';
import { setUpSession } from './server-session.ts';
import { KEEP_ALIVE } from './session-settings.ts';

const CONNECT_MS = 3_000;
/** A statement of these connections takes a millisecond; one that takes this long means that nobody is there. */
const ANSWER_MS = 5_000;
/** How long a good-bye may take. */
const CLOSE_MS = 1_000;

/** A connection of one's own that stays open: for locks of a session, LISTEN and NOTIFY. */
export interface DirectConnection {
  /** Rejects with `pg`'s error; with `ETIMEDOUT`, and the end of the connection, when no answer comes. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Resolves with the reason when the connection is gone, whoever ended it. */
  readonly ended: Promise<Error>;
  /** Ends it at once, also when the other side does not answer. */
  destroy(): void;
  /** Says good-bye, and does not wait long for the answer. */
  close(): Promise<void>;
}

/**
 * Connects to a server that takes writes, and sets the session up so that both sides find soon that the other one is lost. Rejects with
 * `pg`'s error when PostgreSQL does not answer, and with `25006` when it takes no writes: during a fail-over the name of the primary may
 * still lead to a standby, which gives locks of its own, so that all other workers would look dead from there.
 *
 * @param options.applicationName - how PostgreSQL's views name the session.
 * @param options.settings - more settings for the session.
 */
export async function connectDirectly(options: {
  url: string;
  applicationName: string;
  settings?: Readonly<Record<string, string>>;
  onNotification?: (channel: string, payload: string) => void;
}): Promise<DirectConnection> {
  const client = new Client({
    connectionString: options.url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: options.applicationName,
    pipeline: true,
    ...KEEP_ALIVE,
  });
  const { promise: ended, resolve: setEnded } = Promise.withResolvers<Error>();
  client.on('error', setEnded);
  client.on('end', () => setEnded(new Error('The connection was ended.')));
  client.on('notification', ({ channel, payload }) => options.onNotification?.(channel, payload ?? ''));
  const watch = watchAnswers(client, ANSWER_MS);
  const destroy = (): void => {
    cut(client);
    setEnded(new Error('The connection was ended.'));
  };
  try {
    await client.connect();
    const session = await setUpSession(client, options.settings ?? {}, async (answer) =>
      watch.answer(answer),
    );
    if (session.readsOnly) throw readsOnly();
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    async query<Row extends QueryResultRow>(text: string, values?: unknown[]) {
      return (await watch.answer(client.query<Row>(text, values))).rows;
    },
    ended,
    destroy,
    async close() {
      const waiting = new AbortController();
      await Promise.race([
        client.end().catch(() => undefined),
        delay(CLOSE_MS, undefined, { signal: waiting.signal }).catch(() => undefined),
      ]);
      waiting.abort();
      destroy();
    },
  };
}

function readsOnly(): Error {
  return Object.assign(new Error('The server takes no writes: it is a standby, or was set to read only.'), {
    code: '25006',
  });
}

/** How PostgreSQL's views name the sessions of one process of the service; PostgreSQL keeps 63 bytes. */
export function applicationNameOf(process: string): string {
  // The end of a process's name is what is its own.
  return `managed-agent ${process.slice(-40)}`;
}
