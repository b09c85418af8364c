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
}
