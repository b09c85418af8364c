import type { StepOutcome } from './outcome.ts';
import type { TurnTrace } from './turn-trace.ts';
import type { CutRun, Detour } from './turn.ts';
import type { JournalWrites } from './writes.ts';

/**
 * What a transaction comes to: what it writes, and what its caller is told. `writes` null means that nothing is written.
 *
 * - `opened`: the attempt holds the step and goes on. `lastSeq` is the `seq` of its last event: for a model step, its span's start.
 * - `outcome`: this is what the step came to. `standing`: it stood before this transaction.
 * - `stale`: a newer attempt holds the step; this one ends without a word.
 */
export type Decision =
  | {
      kind: 'opened';
      writes: JournalWrites;
      through: number;
      arrived: number;
      resumed: boolean;
      lastSeq: number;
      /** The model that stands in for the session's own in this turn. */
      detour: Detour | null;
      /** How the answer before fell short that the model is to go on with. */
      cut: CutRun | null;
      /** Of the turn that the step belongs to. */
      trace: TurnTrace | null;
    }
  | { kind: 'outcome'; writes: JournalWrites | null; outcome: StepOutcome; standing: boolean }
  | { kind: 'stale'; writes: null };

export function told(outcome: StepOutcome, writes: JournalWrites | null = null): Decision {
  return { kind: 'outcome', writes, outcome, standing: false };
}

export function standing(outcome: StepOutcome): Decision {
  return { kind: 'outcome', writes: null, outcome, standing: true };
}

export const STALE: Decision = { kind: 'stale', writes: null };
