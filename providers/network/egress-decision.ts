/** One decision about a connection that an agent asked for, for the log. */
export interface EgressDecision {
  host: string;
  port: number;
  decision: 'allowed' | 'refused';
  reason?: string;
  /** The address that was dialled. */
  address?: string;
}
