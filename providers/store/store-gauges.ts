/** How the service is doing, as far as only the store knows. */
export interface StoreGauges {
  /**
   * Sessions that are not deleted, by state: `idle`, `requires_action` (idle, waiting for somebody), `running`, `rescheduling`,
   * `terminated`.
   */
  sessions: ReadonlyMap<string, number>;
  /** Accepted events that have not taken effect, those held behind an unanswered call included. */
  queuedEvents: number;
  /** Seconds since the oldest of them was accepted; 0 when there is none. */
  oldestQueuedSeconds: number;
  /**
   * Hosts of sandboxes by state, those without any included: `ready`, `not_ready` (alive, and no sandbox can be started there), `lost` (no
   * heartbeat came for as long as a host may be silent). One that is lost for longer than ten minutes was taken away.
   */
  hosts: ReadonlyMap<string, number>;
  /** Sessions by the host that their sandbox is on. */
  hostSessions: ReadonlyMap<string, number>;
  /** Sessions that have a checkpoint. */
  checkpoints: number;
  /** By workspace: what all its sessions have used, those that are deleted included, so that it only grows. */
  workspaces: ReadonlyMap<string, WorkspaceUsage>;
}

/** Tokens of committed steps, and their list price. */
export interface WorkspaceUsage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  costUsd: number;
}
