import type { HostSeen, WorkerSeen } from '../../core/health/judge-workers.ts';
import type { QueueSeen } from '../../core/health/judge-queue.ts';

/**
 * What the store knows about the state of the service, and whether it answers at all. It has connections of its own, so that neither a
 * busy pool nor a connection that went silent says anything wrong; each look gives up after less than two seconds. Rejects with `unavailable`.
 */
export interface SystemView {
  /** Whether the database answers, and takes writes: one that was demoted to a standby does not. */
  database(): Promise<{ takesWrites: boolean }>;
  /** The id of the key that encrypts what is stored, as the process that was started last with another one said; null: none ever did. */
  lastKey(): Promise<string | null>;
  /** The workers that hold their lock. */
  workers(): Promise<WorkerSeen[]>;
  /** The hosts of sandboxes, for some days after their last heartbeat too. */
  hosts(): Promise<HostSeen[]>;
  queue(): Promise<QueueSeen>;
  close(): Promise<void>;
}
