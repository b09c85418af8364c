/** One change that somebody asked for. */
export interface AuditEntry {
  workspaceId: string;
  /** null: nobody had to show a key. */
  keyId: string | null;
  requestId: string;
  /** The route's `operationId`. */
  operation: string;
  method: string;
  path: string;
  /** Of the answer: also what was refused is noted. */
  status: number;
  /** What was made or changed, where the path does not say it: ids, joined by blanks. */
  resource: string | null;
  /** Where the request came from. */
  address: string | null;
}

/** An entry in its place. `hash` is lower-case hexadecimal. */
export interface StoredAuditEntry extends AuditEntry {
  seq: number;
  /** Unix milliseconds, of the store's clock. */
  at: number;
  hash: string;
}

/** An entry with what its hash is made from besides itself. */
export interface ChainedAuditEntry extends StoredAuditEntry {
  /** Of the entry before; empty where there was none. Null: that entry is missing, though it should be there. */
  previousHash: string | null;
}

/** Which entries somebody wants to see: those for which all of this holds. */
export interface AuditFilter {
  /** Unix milliseconds: not before, and before. */
  from?: number | undefined;
  until?: number | undefined;
  workspaceId?: string | undefined;
  keyId?: string | undefined;
  operation?: string | undefined;
  /** An id that the entry names, in `resource` or in its path. */
  resource?: string | undefined;
  status?: number | undefined;
  address?: string | undefined;
}

/** A place in the log that somebody remembers. */
export interface AuditMark {
  seq: number;
  hash: string;
}

/** What is wrong with an entry, or where one should be. */
export interface AuditProblem {
  seq: number;
  problem: string;
}

export type AuditVerdict =
  /** `isCompared`: the expected mark was found in its place. False: the log begins after it. */
  | { intact: true; entries: number; newest: AuditMark; isCompared: boolean }
  /** `seq` is the first entry that is not as it was written, or that is missing. */
  | ({ intact: false } & AuditProblem);

/** The audit log: append-only, every entry chained to the one before by its hash. */
export interface AuditLog {
  /** Adds entries in one transaction, in order. Rejects with `unavailable` or `commit_unknown`; callers repeat. */
  append(entries: readonly AuditEntry[]): Promise<AuditMark>;
  /**
   * Reads entries, oldest or newest first, some at once. What is added after the call is not among them.
   *
   * @param options.after - goes on behind this entry, in the order asked for.
   * @param options.atOnce - entries at once, at most.
   * @throws `conflict` when entries that were still to come, oldest first, are removed meanwhile.
   */
  read(
    filter: AuditFilter,
    options: { order: 'asc' | 'desc'; after?: number | undefined; atOnce: number },
  ): AsyncIterable<ChainedAuditEntry[]>;
  /**
   * Reads the whole log and checks the chain. Whoever could rewrite all of the store could also make a new chain: compare with a
   * mark that was kept elsewhere, such as the one that the log of the api names.
   *
   * @param onProblem - told of everything that is wrong, as it is found.
   */
  verify(expected?: AuditMark, onProblem?: (found: AuditProblem) => void): Promise<AuditVerdict>;
  /**
   * Removes entries from before `time`, Unix milliseconds, in several transactions, and notes where the log now begins. An entry of its
   * own, which is added first, says that it was done. Returns how many were removed, and the last of them; null when there were none.
   */
  prune(time: number): Promise<{ entries: number; last: AuditMark } | null>;
}
