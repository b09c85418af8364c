import type { JsonObject } from '../../core/json.ts';

/** One accepted event as the workflow's history holds it: small content inline, larger as a reference to a blob. */
export interface SignalledEvent {
  arrival: number;
  id: string;
  type: string;
  /** Set when the event took effect at acceptance (custom tool results). */
  seq: number | null;
  /** The tool use that a confirmation or result names, and whether a confirmation allows it. */
  ref: string | null;
  allow: boolean | null;
  content: { inline: JsonObject } | { sha256: string; bytes: number };
}

/** What runs sessions: Temporal, behind the few things that the api asks of it. */
export interface SessionEngine {
  /**
   * Starts the session's workflow. Waits at most a second and never rejects: what Temporal did not take is started by the sweeper.
   */
  start(session: {
    sessionId: string;
    workspaceId: string;
    threadId: string;
    agentId: string;
    model: string;
    title: string | null;
  }): Promise<void>;
  /**
   * Tells the workflow that events were accepted: a wake-up that may come twice or in any order. Waits at most a second, never
   * rejects; true when Temporal acknowledged. What it did not acknowledge the sweeper signals again.
   */
  signal(sessionId: string, events: readonly SignalledEvent[]): Promise<boolean>;
  /** Ends and deletes every run of a deleted session. Never rejects; the sweeper repeats it. */
  remove(sessionId: string): Promise<void>;
  /** Resolves when Temporal and its database answer, and it has the namespace; rejects with the reason after a second at most. */
  check(): Promise<void>;
}
