/**
 * The search attributes of a session's workflow: what operators filter by in the Temporal UI. They are added to the namespace before
 * the first workflow starts.
 */
export const SEARCH_ATTRIBUTES = {
  /** The session's status, as the API shows it. */
  AgentStatus: 'keyword',
  AgentId: 'keyword',
  AgentModel: 'keyword',
  Workspace: 'keyword',
  /** List price of everything the session used so far, in US dollars. */
  AgentCostUsd: 'double',
} as const satisfies Record<string, 'keyword' | 'double'>;
