import type { StepOutcome } from '../core/journal/outcome.ts';
import type { HandsQueue } from './dependencies.ts';
import type { Json, JsonObject } from '../core/json.ts';

/** A journaled event as Temporal's history holds it: small ones whole, larger ones as a reference to a blob. */
export interface HistoryEvent {
  id: string;
  seq: number;
  arrival: number | null;
  type: string;
  stepKey: string | null;
  processedAt: number;
  content: { body: JsonObject; detail: Json | null } | { sha256: string; bytes: number; preview: string };
}

/**
 * What an activity hands to the workflow: the outcome that stands, and everything that the journal holds under its step key, whichever
 * attempt wrote it, so that history alone can rebuild the journal. Where tool activities were given up, whoever tidies up after them
 * reports what stands under their keys.
 */
export interface StepReport {
  outcome: StepOutcome;
  /** The outcome stood before this attempt. */
  standing: boolean;
  events: HistoryEvent[];
  /** Where the tool calls of the outcome go, if it has some; null: to whoever has hands. */
  hands?: HandsQueue | null;
}
