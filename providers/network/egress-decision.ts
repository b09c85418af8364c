/** One decision about a connection that an agent asked for, for the log. */
export interface EgressDecision {
  host: string;
  port: number;
  decision: 'allowed' | 'refused';
  reason?: string;
  /** The address that was dialled. */
  address?: string;
}

/** How many decisions came too fast to be told one by one, and how many of these were refusals. */
export interface MissedDecisions {
  missed: number;
  refused: number;
}

/** What the log says of a line about decisions, besides its details. */
export function decisionMessage(details: Readonly<Record<string, unknown>>): string {
  if ('missed' in details) return 'egress decisions that came too fast to be logged';
  return details['decision'] === 'refused' ? 'egress refused' : 'egress';
}
