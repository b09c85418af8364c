import type { StepOutcome } from '../journal/outcome.ts';
import type { Json, JsonObject } from '../json.ts';

/** One thing that a workflow's history says about the journal, its content resolved. */
export type HistoryFact =
  /** A signal: the event was accepted. `seq` is set where it took effect at once. */
  | { kind: 'accepted'; arrival: number; id: string; type: string; seq: number | null; body: JsonObject }
  /** A report: the journal holds this under a step's key. */
  | {
      kind: 'journaled';
      id: string;
      seq: number;
      arrival: number | null;
      type: string;
      stepKey: string | null;
      processedAt: number;
      body: JsonObject;
      detail: Json | null;
    }
  /** A report: what an activity came to. `step` is its number; null where it has none. */
  | { kind: 'ended'; step: number | null; outcome: StepOutcome };

/** A row of the journal as history tells it. */
export interface RebuiltRow {
  id: string;
  /** null: accepted, and no report says that it took effect. */
  seq: number | null;
  arrival: number | null;
  type: string;
  body: JsonObject;
  detail: Json | null;
  stepKey: string | null;
  /** Unix milliseconds. null: it waits, or it took effect in the api, whose clock history does not hold. */
  processedAt: number | null;
}

/** What history says beside the rows of the log: it leaves no trace there. */
export interface RebuiltState {
  /** The last number of a step that has an outcome. */
  step: number;
  /** Also of internal rows, which are no part of the log. */
  lastArrival: number;
  /** Of tool uses, by their ids: one line for people. */
  labels: ReadonlyMap<string, string>;
}

/**
 * The journal's rows as the histories of all runs of a session tell them, in `seq` order, what waits last. Facts may come repeatedly
 * and in any order. `conflicts` names facts that contradict each other; the first one stands.
 *
 * History does not hold what the api journals alone: interrupts of an idle session, running pairs before a custom tool's result, updates
 * and the end of an archived session. Internal rows are no part of the log.
 */
export function rebuildJournal(facts: readonly HistoryFact[]): {
  rows: RebuiltRow[];
  conflicts: string[];
  state: RebuiltState;
} {
  const rows = new Map<string, RebuiltRow>();
  const conflicts: string[] = [];
  for (const fact of facts) {
    if (fact.kind === 'ended') continue;
    if (fact.type.startsWith('internal.')) continue;
    const known = rows.get(fact.id);
    const row = toRow(fact);
    if (!known) {
      rows.set(fact.id, row);
      continue;
    }
    const journaled = known.processedAt !== null && row.processedAt !== null;
    if (journaled && !sameRow(known, row)) conflicts.push(`${fact.id} is told in two ways`);
    if (known.processedAt === null && row.processedAt !== null) rows.set(fact.id, row);
  }
  const taken = new Map<number, string>();
  for (const { id, seq } of rows.values()) {
    if (seq === null) continue;
    const other = taken.get(seq);
    if (other !== undefined) conflicts.push(`${other} and ${id} have the same seq ${seq}`);
    taken.set(seq, id);
  }
  const place = (row: RebuiltRow) => row.seq ?? Number.MAX_SAFE_INTEGER;
  const sorted = [...rows.values()].sort(
    (left, right) => place(left) - place(right) || (left.arrival ?? 0) - (right.arrival ?? 0),
  );
  return { rows: sorted, conflicts, state: stateOf(facts) };
}

function stateOf(facts: readonly HistoryFact[]): RebuiltState {
  let step = 0;
  let lastArrival = 0;
  const labels = new Map<string, string>();
  for (const fact of facts) {
    if (fact.kind !== 'ended') {
      lastArrival = Math.max(lastArrival, fact.arrival ?? 0);
      continue;
    }
    if (fact.step !== null && isConsumed(fact.outcome)) step = Math.max(step, fact.step);
    if ('calls' in fact.outcome) for (const { id, label } of fact.outcome.calls) labels.set(id, label);
  }
  return { step, lastArrival, labels };
}

/** Whether an outcome uses its step's number up. */
function isConsumed(outcome: StepOutcome): boolean {
  switch (outcome.kind) {
    case 'final':
    case 'tools':
    case 'compacted':
    case 'exhausted':
    case 'settled':
      return true;
    case 'interrupted':
      return outcome.consumed;
    default:
      return false;
  }
}

function toRow(fact: Exclude<HistoryFact, { kind: 'ended' }>): RebuiltRow {
  const { id, seq, arrival, type, body } = fact;
  if (fact.kind === 'accepted') {
    return { id, seq, arrival, type, body, detail: null, stepKey: null, processedAt: null };
  }
  const { detail, stepKey, processedAt } = fact;
  return { id, seq, arrival, type, body, detail, stepKey, processedAt };
}

function sameRow(left: RebuiltRow, right: RebuiltRow): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
