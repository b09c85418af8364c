import type { HandsReport } from '../../core/hands.ts';

/** A worker process that is gone. */
export interface DeadWorker {
  id: number;
  /** Its name in `steps.worker`. */
  name: string;
}

/**
 * Who is alive. Each worker process holds a lock that the kernel gives back when the process dies; others look for free locks. It is
 * only an accelerator: a wrong report costs a repeated attempt, which the protocol makes harmless.
 */
export interface WorkerRegistry {
  /** Registers this process and takes its lock; takes it again by itself whenever the connection was lost. */
  join(): Promise<void>;
  /**
   * Workers found dead: their lock was free in four looks in a row over one unbroken connection to a database that has been up for
   * five seconds, or their process on this host is gone. Each is told to one process only, again and again until that one forgets it or
   * dies. Rejects `unavailable` without a database.
   */
  findDead(): Promise<DeadWorker[]>;
  /** Strikes a dead worker off, after its attempts were reported. */
  forget(id: number): Promise<void>;
  /** Says what the hands of this process can do. Rejects `unavailable` without a database; `join` says it again. */
  describeHands(hands: HandsReport): Promise<void>;
  /** Gives the lock back and strikes this process off. */
  leave(): Promise<void>;
}
