/** A role that one process has at a time, for as long as it lives: the database gives it back when the process dies. */
export interface Lease {
  /** Whether this process has the role now; takes it when it is free. Never rejects: without a database nobody has it. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}
