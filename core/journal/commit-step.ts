import type { BetaManagedAgentsSessionRefusalStopDetails } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { stepKey, type StepAttempt } from './attempt.ts';
import { callStates } from './call-states.ts';
import { STALE, standing, told, type Decision } from './decision.ts';
import { createJournalWriter, errorResult } from './journal-writer.ts';
import type { StepOutcome } from './outcome.ts';
import type { LostUsage } from './span-detail.ts';
import type { IdSource, JournalView, NewEvent, UsageTotals } from './view.ts';
import type { SessionError } from './session-error.ts';
import { FRESH_TURN, isSettled, withAnswer, type CallDigests } from './turn.ts';
import { newEvent, type StopWord } from './wire-event.ts';
import type { AnswerCut } from '../session/answer-cut.ts';
import type { NewCall } from './writes.ts';

/** What an attempt of a model step found out. */
export type StepAnswer =
  | {
      kind: 'response';
      /** Thinking, messages and tool uses, in the model's order. */
      events: NewEvent[];
      /** The tool uses among them that are to be answered by somebody. */
      calls: NewCall[];
      /** Tool uses that are refused on the spot: not enabled, unknown, or with arguments that are no JSON object. */
      refused: { id: string; text: string }[];
      refusal: BetaManagedAgentsSessionRefusalStopDetails | null;
      stopReason: StopWord;
      /** How it falls short of an answer: the model is asked to go on. */
      cut: AnswerCut | null;
      usage: UsageTotals;
      /** Whether the model has list prices, so that the cost in `usage` is one. */
      priced: boolean;
      speed: 'standard' | 'fast';
      /** Of the tool uses among `events`. */
      digests: CallDigests;
      label: string;
      /** The id of the model that answered. */
      model: string;
    }
  /** The conversation was too long: `event` holds the summary of its older part. */
  | {
      kind: 'compacted';
      event: NewEvent;
      usage: UsageTotals;
      priced: boolean;
      speed: 'standard' | 'fast';
      label: string;
      /** The id of the model that answered. */
      model: string;
    }
  /** `lost`: what its requests have used all the same. */
  | { kind: 'interrupted'; arrival: number; lost: LostUsage | null }
  | { kind: 'exhausted'; error: SessionError; lost: LostUsage | null };

/**
 * Commits a model step: its events, the span's end and, when the model stopped and nothing is queued, the end of the turn, in one
 * transaction.
 */
export function commitStep(
  view: JournalView,
  attempt: StepAttempt,
  answer: StepAnswer,
  ids: IdSource,
): Decision {
  const { thread, row } = view;
  if (attempt.step === thread.step && row?.outcome) return standing(row.outcome);
  if (attempt.step !== thread.step + 1 || !row) return told({ kind: 'behind' });
  if (attempt.fence < row.fence) return STALE;
  const writer = createJournalWriter(view, ids);
  let outcome: StepOutcome;

  switch (answer.kind) {
    case 'response': {
      const spent = {
        label: answer.label,
        listCostNanoUsd: answer.usage.list_cost_nano_usd,
        model: answer.model,
      };
      writer.running();
      for (const event of answer.events) writer.append(event);
      const asksForTools = answer.calls.length + answer.refused.length > 0;
      const cut = isSettled(writer.turn, answer.cut) ? null : answer.cut;
      const isRound = asksForTools && (cut === null || answer.calls.length > 0);
      const digests = isRound ? answer.digests : null;
      writer.closeSpan(row, false, { ...answer, cut, digests });
      writer.addUsage(answer.usage, answer.priced);
      if (asksForTools || cut !== null) {
        writer.addCalls(answer.calls);
        const open = callStates(writer.calls);
        for (const { id, text } of answer.refused) writer.append({ ...errorResult(ids, id, text), ref: id });
        writer.setOwed(true);
        writer.setTurn(withAnswer(writer.turn, cut, digests));
        outcome = { kind: 'tools', calls: open, spent };
      } else {
        writer.setOwed(false);
        writer.setTurn(FRESH_TURN);
        const more = writer.queue.length > 0;
        const reason = answer.refusal ? 'refusal' : 'end_turn';
        // What is queued begins a turn of its own, though clients see no idle between the two.
        writer.endTrace(reason);
        if (!more) writer.idle({ type: reason }, answer.refusal);
        outcome = { kind: 'final', more, spent };
      }
      break;
    }
    case 'compacted':
      writer.running();
      writer.append(answer.event);
      writer.closeSpan(row, false, { ...answer, digests: null });
      writer.addUsage(answer.usage, answer.priced);
      outcome = {
        kind: 'compacted',
        spent: { label: answer.label, listCostNanoUsd: answer.usage.list_cost_nano_usd, model: answer.model },
      };
      break;
    case 'interrupted':
      writer.failSpan(row, answer.lost);
      outcome = { kind: 'interrupted', consumed: true, arrival: answer.arrival };
      break;
    case 'exhausted':
      writer.failSpan(row, answer.lost);
      writer.append(newEvent({ id: ids.event(), type: 'session.error', error: answer.error }));
      outcome = { kind: 'exhausted' };
      break;
  }
  writer.advance(attempt.step);
  writer.writeRow({ ...row, span: null, outcome });
  return told(outcome, writer.finish(stepKey(attempt.threadId, attempt.step)));
}
