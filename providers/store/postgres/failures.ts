import { AppError, isAppError } from '../../../core/errors.ts';
import { toDiskFull } from '../../disk/storage-fault.ts';

/** Codes of sockets and of name lookups that say that nobody was reached, or not in time. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  // A socket of a server that takes no more connections.
  'EAGAIN',
  // This process has no descriptor left for a connection.
  'EMFILE',
  'ENFILE',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Of `pg` itself, which gives no codes. The last one is its pool's, when all connections are in use for too long. */
const LOSSES = /Connection terminated|timeout expired|connection error|not queryable/i;
const NO_CONNECTION_FREE = /timeout exceeded when trying to connect/i;

/** Of TLS, by Node.js; and of `pg`, which gives no codes. */
const UNTRUSTED = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY|DECRYPT)_)/;
const NO_TLS = /does not support SSL connections|establishing an SSL connection/;

/** PostgreSQL's or the socket's code. */
function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error says that PostgreSQL cannot be reached, or does not take us now. */
export function isLoss(error: unknown): boolean {
  const code = codeOf(error);
  return (
    /^(08|53|57P0)/.test(code) ||
    refusesLogin(error) ||
    refusesTls(error) ||
    NOT_REACHED.has(code) ||
    LOSSES.test(messageOf(error))
  );
}

/** Whether PostgreSQL is there and refuses who we say we are (class 28), or has no such database: a setting is wrong, or not true any more. */
export function refusesLogin(error: unknown): boolean {
  return /^(28|3D000$)/.test(codeOf(error));
}

/** Whether no connection comes about since one side does not trust the other's certificate, such as one that has run out, or speaks no TLS. */
export function refusesTls(error: unknown): boolean {
  return UNTRUSTED.test(codeOf(error)) || NO_TLS.test(messageOf(error));
}

/** Whether an error says that a server takes no writes: it is a standby, perhaps a primary of before. */
export function takesNoWrites(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** The one translation of database failures. Statements that are wrong in themselves stay what they are: defects of ours. */
export function toAppError(error: unknown): unknown {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  if (code.startsWith('22')) {
    return new AppError('unstorable', `The database refuses a value: ${message}`, { cause: error });
  }
  const full = toDiskFull(error, 'database');
  if (full !== null) return full;
  // A primary that was made a standby, to which connections of before still lead.
  if (takesNoWrites(error)) {
    return new AppError(
      'unavailable',
      'The database takes no writes: it is a standby, or was set to read only. Try again in a moment; whoever runs the service must look.',
      { cause: error, retryAfterMs: 1_000 },
    );
  }
  if (refusesLogin(error)) {
    return new AppError(
      'unavailable',
      "The database refuses the service's login. Try again later; whoever runs the service must look at store.url and at the roles of PostgreSQL.",
      { cause: error, retryAfterMs: 5_000 },
    );
  }
  if (refusesTls(error)) {
    return new AppError(
      'unavailable',
      'No trusted connection to the database comes about. Try again later; whoever runs the service must look at the certificates that store.url names and that PostgreSQL shows.',
      { cause: error, retryAfterMs: 5_000 },
    );
  }
  if (code === '53300') {
    return new AppError(
      'unavailable',
      'The database takes no more connections (max_connections). Try again in a moment.',
      { cause: error, retryAfterMs: 1_000 },
    );
  }
  // Class 40 is a rollback for others' sake; 57014, 25P03 and 55P03 say that a statement, a transaction or a lock took too long.
  const busy = /^40|^(57014|25P03|55P03)$/.test(code) || NO_CONNECTION_FREE.test(message);
  if (busy || isLoss(error)) {
    const silent = code === 'ETIMEDOUT';
    const what = silent
      ? 'The database does not answer in time. Try again in a moment.'
      : busy
        ? 'The database is busy: a statement took too long, or waited too long for another one or for a connection. Try again in a moment.'
        : 'The database cannot be reached. Try again in a moment.';
    return new AppError('unavailable', what, { cause: error, retryAfterMs: 1_000 });
  }
  return error;
}

/**
 * The same for a transaction whose COMMIT was sent: the answer may be lost, whatever it was. Classes 40 (deadlock, serialization) and 53 (disk
 * full, out of memory) are a rollback for certain, and so is a statement that took too long.
 */
export function toCommitError(error: unknown): unknown {
  const translated = toAppError(error);
  const isRolledBack = /^(40|53)|^(57014|25006|25P03|55P03)$/.test(codeOf(error));
  if (!isAppError(translated) || translated.code !== 'unavailable' || isRolledBack) return translated;
  return new AppError(
    'commit_unknown',
    'The database went away while it committed; whether it did is unknown. Look before you repeat the request.',
    { cause: error, retryAfterMs: 1_000 },
  );
}

/** Whether a statement that is no part of a transaction may have changed something when its answer is lost. */
export function mayHaveWritten(text: string): boolean {
  return /^\s*(?:INSERT|UPDATE|DELETE)\b|^\s*WITH\b[^]*?\b(?:INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b/i.test(
    text,
  );
}
