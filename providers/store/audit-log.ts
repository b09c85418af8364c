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
   * Reads the whole log and checks the chain. Whoever could rewrite all of the store could also make a new chain: compare with a
   * mark that was kept elsewhere, such as the one that the log of the api names.
   *
   * @param onProblem - told of everything that is wrong, as it is found.
   */
  verify(expected?: AuditMark, onProblem?: (found: AuditProblem) => void): Promise<AuditVerdict>;
  /** Removes entries from before `time`, Unix milliseconds, and notes where the log now begins. Returns how many. */
  prune(time: number): Promise<number>;
}
