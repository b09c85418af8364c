import { Pool, types, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import { AppError, isAppError } from '../../../core/errors.ts';
import { PLAIN_ROWS, type RowCipher } from '../../encryption/row-cipher.ts';

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

export interface Database {
  readonly pool: Pool;
  /** Encrypts the contents of rows on their way in, and decrypts them on their way out. */
  readonly cipher: RowCipher;
  /** Runs one statement on any connection. `name` prepares it once per connection. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[], name?: string): Promise<Row[]>;
  /**
   * Runs `work` in one transaction, and rolls it back when `work` throws. Never repeats it. Connection failures and restarts surface as
   * `unavailable` (in the middle of the commit as `commit_unknown`), values that PostgreSQL refuses (class 22) as `unstorable`.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens a pool. Nothing is connected before the first use, so that a process starts while PostgreSQL does not answer.
 *
 * @param options.maximum - connections at most.
 * @param options.cipher - encrypts the contents of rows; by default nothing does.
 */
export function openDatabase(options: {
  url: string;
  maximum?: number;
  applicationName?: string;
  statementTimeoutMs?: number;
  cipher?: RowCipher;
}): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.maximum ?? 16,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    pipeline: true,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    application_name: options.applicationName ?? 'managed-agent',
    types: { getTypeParser: parserOf },
  });
  // A pooled connection that breaks while nobody uses it must not end the process; the next query gets a fresh one.
  pool.on('error', () => undefined);

  return {
    pool,
    cipher: options.cipher ?? PLAIN_ROWS,
    async query<Row extends QueryResultRow>(text: string, values: unknown[] = [], name?: string) {
      try {
        const result = await pool.query<Row>(name === undefined ? { text, values } : { text, values, name });
        return result.rows;
      } catch (error) {
        throw toAppError(error);
      }
    },
    async transaction(work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw toAppError(error);
      });
      let broken: Error | undefined;
      let committing = false;
      // The first statement that failed says why; those after it only say that the transaction is aborted.
      let failure: unknown;
      const sent: Promise<unknown>[] = [];
      const connection: Connection = {
        query: async (statement, values) => client.query(statement, values),
        send(statement) {
          const answer = client.query(statement);
          answer.catch((error: unknown) => (failure ??= error));
          sent.push(answer);
        },
      };
      // A connection that breaks between two statements tells of it as an event, which would end the process; the next statement fails.
      const ignore = () => undefined;
      client.on('error', ignore);
      try {
        connection.send('BEGIN');
        const result = await work(connection);
        committing = true;
        connection.send('COMMIT');
        // A statement that fails makes PostgreSQL answer the COMMIT by rolling back, so every answer counts.
        await Promise.all(sent);
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((failure: unknown) => {
          broken = failure instanceof Error ? failure : new Error(String(failure));
        });
        throw committing ? toCommitError(failure ?? error) : toAppError(failure ?? error);
      } finally {
        client.off('error', ignore);
        client.release(broken);
      }
    },
    async close() {
      await pool.end();
    },
  };
}

function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 || oid === NUMERIC) return Number;
  if (oid === TIMESTAMPTZ)
    return (value) => Date.parse(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown;
}

/** The same for a transaction whose COMMIT was sent: the answer may be lost, whatever it was. */
export function toCommitError(error: unknown): unknown {
  const translated = toAppError(error);
  if (!isAppError(translated) || translated.code !== 'unavailable' || /^(40|53)/.test(codeOf(error))) {
    return translated;
  }
  return new AppError(
    'commit_unknown',
    'The database went away while it committed; whether it did is unknown. Look before you repeat the request.',
    { cause: error, retryAfterMs: 1_000 },
  );
}

/** PostgreSQL's or the socket's code. Classes 40 (deadlock, serialization) and 53 (disk full, out of memory) are a rollback for certain. */
function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** The one translation of database failures. Statements that are wrong in themselves stay what they are: defects of ours. */
export function toAppError(error: unknown): unknown {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('22')) {
    return new AppError('unstorable', `The database refuses a value: ${message}`, { cause: error });
  }
  const gone =
    /^(08|53|57P0|40)/.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].includes(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i.test(
      message,
    );
  if (gone) {
    return new AppError('unavailable', 'The database cannot be reached. Try again in a moment.', {
      cause: error,
      retryAfterMs: 1_000,
    });
  }
  return error;
}
