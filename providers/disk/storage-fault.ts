import { channel } from 'node:diagnostics_channel';
import { AppError, isAppError } from '../../core/errors.ts';

/** What keeps something from being written. A quota and the number of files run out as the room on the disk does. */
export const FAULT_REASONS = ['full', 'quota', 'read_only'] as const;
export type FaultReason = (typeof FAULT_REASONS)[number];

/** Whose writes fail. */
export const FAULT_STORES = ['database', 'temporal', 'disk', 'blobs'] as const;

/** A write that failed for want of room. */
export interface StorageFault {
  /** Whose write it was. */
  store: (typeof FAULT_STORES)[number];
  reason: FaultReason;
}

/** As the system, PostgreSQL and SQLite say it, which reaches us through several layers. */
const WORDS: readonly (readonly [RegExp, FaultReason])[] = [
  [/\bENOSPC\b|\b53100\b|no space left on device|database or disk is full/i, 'full'],
  [/\bEDQUOT\b|disk quota exceeded/i, 'quota'],
  [/\bEROFS\b|read-only file system|attempt to write a readonly database/i, 'read_only'],
];
const SAID: Record<FaultReason, string> = {
  full: 'is full',
  quota: 'has reached its quota',
  read_only: 'can only be read',
};
const NAMES: Record<StorageFault['store'], string> = {
  database: 'The disk of the database',
  temporal: 'The disk of Temporal',
  disk: 'The disk of the service',
  blobs: 'The blob storage',
};
const RETRY_MS = 10_000;

const faults = channel('managed-agent:storage-fault');

/** Calls `listener` for each write of this process that fails for want of room. Returns what stops that. */
export function onStorageFault(listener: (fault: StorageFault) => void): () => void {
  const told = (fault: unknown): void => listener(fault as StorageFault);
  faults.subscribe(told);
  return () => {
    faults.unsubscribe(told);
  };
}

/** The error that says so when `error`, or what caused it, says that there is no room for a write; else null. Tells of it, too. */
export function toDiskFull(error: unknown, store: StorageFault['store']): AppError | null {
  const reason = reasonOf(error);
  return reason === null ? null : diskFull(store, reason, error);
}

/** The error that says that there is no room for a write. Tells of it, too. */
export function diskFull(store: StorageFault['store'], reason: FaultReason, error: unknown): AppError {
  faults.publish({ store, reason } satisfies StorageFault);
  return new AppError(
    store === 'database' ? 'database_full' : 'disk_full',
    `${NAMES[store]} ${SAID[reason]}: this could not be stored. Whoever runs the service must make room; then the same works again.`,
    { cause: error, retryAfterMs: RETRY_MS },
  );
}

function reasonOf(error: unknown, depth = 0): FaultReason | null {
  // What is ours already says what it means.
  if (!(error instanceof Error) || isAppError(error) || depth > 5) return null;
  const { code } = error as NodeJS.ErrnoException;
  const text = `${code ?? ''} ${error.message}`;
  const found = WORDS.find(([words]) => words.test(text));
  return found === undefined ? reasonOf(error.cause, depth + 1) : found[1];
}
