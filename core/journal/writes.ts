import type { JsonObject } from '../json.ts';
import type { TurnTrace } from './turn-trace.ts';
import type { Turn } from './turn.ts';
import type { Budget, CallKind, NewEvent, SessionStatus, StepRow, StopReason, UsageTotals } from './view.ts';

/** One line of a transaction's journal, in the order in which `seq` is given. */
export type JournalEntry =
  /** A new event that takes effect now. `arrival` is set for accepted ones. */
  | { kind: 'append'; event: NewEvent; arrival?: number }
  /** A queued event takes effect: it gets its `seq`. */
  | { kind: 'stamp'; arrival: number; id: string; type: string }
  /** An internal row takes effect: processed, but never given a `seq`. */
  | { kind: 'absorb'; arrival: number; id: string };

export interface NewCall {
  id: string;
  name: string;
  kind: CallKind;
  label: string;
}

/**
 * What a transaction writes. Every part is keyed, so that the same writes are harmless twice. An adapter applies them in one
 * transaction under the lock it took for the view.
 */
export interface JournalWrites {
  entries: JournalEntry[];
  /** Accepted events that wait: they get an arrival and no `seq`. */
  enqueue: { arrival: number; event: NewEvent }[];
  head: {
    status: SessionStatus;
    stop: StopReason | null;
    lastArrival: number;
    usage: UsageTotals;
    unpriced: boolean;
    activeMs: number;
    runningSince: number | null;
    archive: boolean;
  };
  thread: { id: string; step: number; owed: boolean; turn: Turn; trace: TurnTrace | null };
  steps: StepRow[];
  newCalls: NewCall[];
  /** Tool uses that now have their result. */
  resolved: string[];
  answers: { toolUseId: string; answer: 'allow' | 'deny'; denyMessage: string | null }[];
  /** Changes of the session resource that go with the journal entry; absent fields stay. */
  session?: { title?: string | null; metadata?: JsonObject; agent?: JsonObject; budget?: Budget | null };
  /** The step key that stamped and appended events carry; null for what the api journals alone. */
  stepKey: string | null;
}
