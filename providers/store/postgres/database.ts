import {
  Pool,
  types,
  type ClientBase,
  type PoolClient,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import { PLAIN_ROWS, type RowCipher } from '../../encryption/row-cipher.ts';
import { watchAnswers, type AnswerWatch } from '../../postgres-client/answer-watch.ts';
import { setUpSession } from '../../postgres-client/server-session.ts';
import { KEEP_ALIVE } from '../../postgres-client/session-settings.ts';
import { isLoss, mayHaveWritten, takesNoWrites, toAppError, toCommitError } from './failures.ts';

/** Type OIDs of PostgreSQL that come back as numbers here: `int8` holds counters below 2^53; `timestamptz` is Unix milliseconds. */
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;

/**
 * One pooled connection to PostgreSQL, checked out for a transaction. Statements go out at once and in order, without waiting for the
 * answers to those before (pipelining): what needs no answer costs no round trip.
 */
export interface Connection {
  query<Row extends QueryResultRow>(
    statement: string | QueryConfig,
    values?: unknown[],
  ): Promise<QueryResult<Row>>;
  /** Runs a statement whose answer nobody needs. Its failure fails the transaction, at its end. */
  send(statement: string | QueryConfig): void;
}

/** Runs statements on pooled connections. */
export interface Statements {
  /** Runs one statement on any connection. `name` prepares it once per connection, where no pooler shares the server's sessions. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[], name?: string): Promise<Row[]>;
  /**
   * Runs `work` in one transaction, and rolls it back when `work` throws. Never repeats it. Connection failures and restarts surface as
   * `unavailable` (in the middle of the commit as `commit_unknown`), values that PostgreSQL refuses (class 22) as `unstorable`.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

export interface Database extends Statements {
  readonly pool: Pool;
  /** Encrypts the contents of rows on their way in, and decrypts them on their way out. */
  readonly cipher: RowCipher;
  /**
   * The same for statements of which some take long, such as those that read or remove very many rows: each may take as long as
   * `statementTimeoutMs` says. A connection that is lost is found so much later.
   */
  readonly patient: Statements;
  /** The same for migrations, which PostgreSQL runs for as long as they take. A lost connection is found by the kernel alone. */
  readonly unlimited: Statements;
  close(): Promise<void>;
}

/** Told when PostgreSQL cannot be had any more, once, and when it answers again. */
export interface DatabaseEvents {
  onLost: (error: unknown) => void;
  onRegained: (lostMs: number) => void;
}

/** How long PostgreSQL may owe an answer. */
const ANSWER_MS = 5_000;
/** What PostgreSQL needs on top of the time that it lets statements run, to say that one took too long. */
const SLACK_MS = 5_000;
/**
 * The part of the time for an answer after which PostgreSQL itself ends the wait for a lock that another session has: so it is told from a
 * server that says nothing, is rolled back for certain, and costs no connection.
 */
const LOCK_PART = 0.8;
/** How long a connection may owe the answer to nothing much when another one was just found dead. */
const PROBE_MS = 2_000;

/**
 * Opens a pool. Nothing is connected before the first use, so that a process starts while PostgreSQL does not answer. A connection over
 * which no answer comes in time is given up, and those that nobody uses are tried then, so that the next ones find connections that work.
 *
 * @param options.maximum - connections at most.
 * @param options.statementTimeoutMs - how long PostgreSQL lets a statement run; by default as the server is set.
 * @param options.answerTimeoutMs - how long PostgreSQL may be silent over a statement; it waits a little less for a lock.
 * @param options.cipher - encrypts the contents of rows; by default nothing does.
 */
export function openDatabase(options: {
  url: string;
  maximum?: number;
  applicationName?: string;
  statementTimeoutMs?: number;
  answerTimeoutMs?: number;
  cipher?: RowCipher;
  events?: DatabaseEvents;
}): Database {
  const { statementTimeoutMs, answerTimeoutMs: answerMs = ANSWER_MS } = options;
  const patientMs = Math.max(answerMs, (statementTimeoutMs ?? Number.POSITIVE_INFINITY) + SLACK_MS);
  const settings = {
    lock_timeout: String(Math.round(answerMs * LOCK_PART)),
    ...(statementTimeoutMs !== undefined && { statement_timeout: String(Math.round(statementTimeoutMs)) }),
  };
  const reachable = watchReach(options.events);
  const watches = new WeakMap<ClientBase, AnswerWatch>();
  const idle = new Set<PoolClient>();
  const pooled = new WeakSet<ClientBase>();

  // The pool waits for it, which its types do not say.
  const setUp: (client: ClientBase) => unknown = async (client: ClientBase) => {
    const watch = watchAnswers(client, answerMs, tryIdle);
    watches.set(client, watch);
    const session = await setUpSession(client, settings, async (answer) => watch.answer(answer));
    if (session.isPooled) pooled.add(client);
  };
  const pool = new Pool({
    connectionString: options.url,
    max: options.maximum ?? 16,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    ...KEEP_ALIVE,
    pipeline: true,
    application_name: options.applicationName ?? 'managed-agent',
    types: { getTypeParser: parserOf },
    onConnect: setUp,
  });
  // A pooled connection that breaks while nobody uses it must not end the process; the next query gets a fresh one.
  pool.on('error', () => undefined);
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('release', (error, client) => !error && idle.add(client));
  pool.on('remove', (client) => idle.delete(client));

  /** What dropped one connection dropped others too. */
  function tryIdle(): void {
    for (const client of idle) {
      // One that is tried already finds out by itself.
      watches
        .get(client)
        ?.answer(client.query('SELECT 1'), PROBE_MS)
        .catch(() => undefined);
    }
  }

  async function checkOut(): Promise<PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      reachable.failed(error);
      throw toAppError(error);
    }
  }

  /** @param limits - the session's that count for other statements only. */
  const statements = (patience: number, limits: readonly string[] = []): Statements => ({
    async query<Row extends QueryResultRow>(text: string, values: unknown[] = [], name?: string) {
      const client = await checkOut();
      const answer = watched(client, patience);
      client.on('error', ignore);
      let broken: Error | undefined;
      try {
        const statement = preparedFor(client, name === undefined ? { text, values } : { text, values, name });
        const run = async (command: string) => answer(client.query(command));
        // In a transaction of its own, so that a pooler's session keeps nothing of it.
        const lifted = limits.map(withoutLimit);
        const [before, after] = lifted.length === 0 ? [[], []] : [['BEGIN', ...lifted], ['COMMIT']];
        const begun = before.map(run);
        const asked = answer(client.query<Row>(statement));
        const [{ rows }] = await Promise.all([asked, ...begun, ...after.map(run)]);
        reachable.answered();
        return rows;
      } catch (error) {
        broken = asError(error);
        reachable.failed(error);
        throw mayHaveWritten(text) ? toCommitError(error) : toAppError(error);
      } finally {
        client.off('error', ignore);
        client.release(broken);
      }
    },
    async transaction(work) {
      const client = await checkOut();
      const answer = watched(client, patience);
      let broken: Error | undefined;
      let committing = false;
      // The first statement that failed says why; those after it only say that the transaction is aborted.
      let failure: unknown;
      const sent: Promise<unknown>[] = [];
      const connection: Connection = {
        query: async (statement, values) => answer(client.query(preparedFor(client, statement), values)),
        send(statement) {
          const answered = answer(client.query(preparedFor(client, statement)));
          answered.catch((error: unknown) => (failure ??= error));
          sent.push(answered);
        },
      };
      client.on('error', ignore);
      try {
        connection.send('BEGIN');
        for (const name of limits) connection.send(withoutLimit(name));
        const result = await work(connection);
        committing = true;
        connection.send('COMMIT');
        // A statement that fails makes PostgreSQL answer the COMMIT by rolling back, so every answer counts.
        await Promise.all(sent);
        reachable.answered();
        return result;
      } catch (error) {
        const cause = failure ?? error;
        // A connection to a server that takes no writes any more is of no use, though it stands.
        if (takesNoWrites(cause)) broken = asError(cause);
        await answer(client.query('ROLLBACK')).catch((failed: unknown) => {
          broken = asError(failed);
        });
        reachable.failed(cause);
        throw committing ? toCommitError(cause) : toAppError(cause);
      } finally {
        client.off('error', ignore);
        client.release(broken);
      }
    },
  });

  function watched(client: ClientBase, patience: number): <T>(answered: Promise<T>) => Promise<T> {
    const watch = watches.get(client);
    if (!watch) throw new Error('a connection of the pool was not set up');
    return async (answered) => watch.answer(answered, patience);
  }

  /** What a name prepared in one session of the server is not known in the next one, which a pooler may give. */
  function preparedFor(client: ClientBase, statement: string | QueryConfig): string | QueryConfig {
    if (typeof statement === 'string' || !pooled.has(client)) return statement;
    const { name: _forgotten, ...unnamed } = statement;
    return unnamed;
  }

  return {
    pool,
    cipher: options.cipher ?? PLAIN_ROWS,
    ...statements(answerMs),
    patient: statements(patientMs, ['lock_timeout']),
    unlimited: statements(Number.POSITIVE_INFINITY, ['lock_timeout', 'statement_timeout']),
    async close() {
      await pool.end();
    },
  };
}

/** Lifts a limit of the session for one transaction. */
function withoutLimit(name: string): string {
  return `SET LOCAL ${name} = 0`;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A connection that breaks between two statements tells of it as an event, which would end the process; the next statement fails. */
function ignore(): void {}

/** Tells of the first failure to reach PostgreSQL, and of the first answer after it. */
function watchReach(events: DatabaseEvents | undefined) {
  let lostAt: number | null = null;
  return {
    failed(error: unknown): void {
      if (lostAt !== null || !isLoss(error)) return;
      lostAt = performance.now();
      events?.onLost(error);
    },
    answered(): void {
      if (lostAt === null) return;
      const lostMs = performance.now() - lostAt;
      lostAt = null;
      events?.onRegained(lostMs);
    },
  };
}

/** How values come back from PostgreSQL, by their type. */
export function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 || oid === NUMERIC) return Number;
  if (oid === TIMESTAMPTZ)
    return (value) => Date.parse(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown;
}
