import { AppError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { unanswered } from './call-states.ts';
import { isMessage } from './busy.ts';
import { isAtCap } from './spend-cap.ts';
import { toolKey } from './attempt.ts';
import { createJournalWriter, type JournalWriter } from './journal-writer.ts';
import type { Budget, CallKind, HeadView, IdSource, JournalView, NewEvent } from './view.ts';
import type { JournalWrites } from './writes.ts';

/** A tool use that the batch names, resolved or not. */
export interface NamedCall {
  id: string;
  kind: CallKind;
  resolved: boolean;
}

/** What clients may change of a session besides its journal. */
export interface SessionDetails {
  title: string | null;
  metadata: Record<string, string>;
  agent: JsonObject;
  budget: Budget | null;
}

export interface AcceptView extends JournalView {
  named: NamedCall[];
  /** Set where the transaction asked for it. */
  details?: SessionDetails;
}

/**
 * A client event, validated for its form and given its id. `ref` is the tool use that a confirmation or a result names;
 * `confirmation` holds a confirmation's content.
 */
export interface AcceptEvent extends NewEvent {
  confirmation?: { answer: 'allow' | 'deny'; denyMessage: string | null };
}

/** What became of one event. `seq` null: it waits, and gets its place when it takes effect. */
export interface Accepted {
  id: string;
  /** 0: it left no trace. */
  arrival: number;
  seq: number | null;
  /** Nobody has to be told: it was finished on the spot. */
  finished: boolean;
}

/**
 * Accepts a batch, all or nothing. Messages and confirmations wait in the queue; the result of a custom tool takes effect at once; an
 * interrupt with nothing to interrupt is finished on the spot, and leaves no trace where the budget is reached.
 *
 * @param maximum - how many unprocessed events a session may hold.
 * @throws `invalid_request` naming the event, `rate_limited` when the queue is full.
 */
export function accept(
  view: AcceptView,
  events: readonly AcceptEvent[],
  maximum: number,
  ids: IdSource,
): { writes: JournalWrites; accepted: Accepted[] } {
  const writer = createJournalWriter(view, ids);
  const accepted = events.map((event, index) => acceptOne(view, writer, event, `events.${index}`));
  if (writer.queue.length > maximum) {
    throw new AppError(
      'rate_limited',
      `The session holds ${view.queue.length} unprocessed events; at most ${maximum} may wait. Send again later.`,
      { retryAfterMs: 5_000 },
    );
  }
  return { writes: writer.finish(null), accepted };
}

function acceptOne(view: AcceptView, writer: JournalWriter, event: AcceptEvent, where: string): Accepted {
  const waits = (): Accepted => ({
    id: event.id,
    arrival: writer.enqueue(event),
    seq: null,
    finished: false,
  });
  const now = (finished: boolean, append: (arrival: number) => void): Accepted => {
    const arrival = writer.takeArrival();
    append(arrival);
    return { id: event.id, arrival, seq: writer.lastSeq, finished };
  };

  if (isMessage(event.type)) {
    if (isAtCap(view.head)) throw atCap(view.head, where);
    const waiting = writer.status === 'idle' ? unanswered(writer.calls) : [];
    if (event.type === 'user.message' && waiting.length > 0) {
      throw invalid(
        where,
        `the session waits for ${waiting.map((call) => call.id).join(', ')}: answer these tool uses, or interrupt, before you send a message`,
      );
    }
    return waits();
  }

  switch (event.type) {
    case 'user.interrupt': {
      const nothingToDo =
        writer.status === 'idle' && writer.queue.length === 0 && unanswered(writer.calls).length === 0;
      if (!nothingToDo) return waits();
      // What is paused stays paused: the API takes the interrupt and does nothing with it.
      if (isAtCap(view.head)) {
        return { id: event.id, arrival: 0, seq: null, finished: true };
      }
      return now(true, (arrival) => {
        writer.append(event, arrival);
        writer.setOwed(false);
      });
    }
    case 'user.tool_confirmation': {
      const call = writer.calls.find((candidate) => candidate.id === event.ref);
      if (!call) throw invalid(where, `tool_use_id: ${describeUnknown(view, event.ref)}`);
      if (call.kind !== 'ask') {
        throw invalid(where, `tool_use_id: ${call.id} does not wait for a confirmation`);
      }
      if (call.answer !== null) throw invalid(where, `tool_use_id: ${call.id} was already confirmed`);
      if (!event.confirmation) throw new Error('a confirmation event without its content');
      writer.answer(call.id, event.confirmation.answer, event.confirmation.denyMessage);
      return waits();
    }
    case 'user.custom_tool_result': {
      const call = writer.calls.find((candidate) => candidate.id === event.ref);
      if (call?.kind === 'custom') {
        return now(false, (arrival) => {
          writer.running();
          writer.result(call.id, event, arrival);
          writer.writeRow({
            key: toolKey(call.id),
            fence: 0,
            through: 0,
            arrived: 0,
            span: null,
            failures: 0,
            firstFailureAt: null,
            outcome: { kind: 'result', toolUseId: call.id, isError: false },
          });
        });
      }
      const named = view.named.find((candidate) => candidate.id === event.ref);
      if (named?.kind !== 'custom') {
        throw invalid(
          where,
          `custom_tool_use_id: ${event.ref ?? ''} is not a custom tool use of this session`,
        );
      }
      return now(false, (arrival) => {
        writer.append(event, arrival);
      });
    }
    default:
      throw invalid(where, `type: ${event.type} cannot be sent to this session`);
  }
}

function atCap({ unpriced }: HeadView, where: string): AppError {
  const why = unpriced
    ? 'a model without list prices has answered in this session, so its budget cannot be measured; remove the budget'
    : 'the session has reached its budget; raise or remove it';
  return new AppError(
    'invalid_request',
    `${where}.type: budget_reached: ${why}. Until then it takes user.tool_confirmation, user.tool_result, user.custom_tool_result and user.interrupt only`,
    { details: { error_code: 'budget_reached' } },
  );
}

function describeUnknown(view: AcceptView, id: string | undefined): string {
  const named = view.named.find((candidate) => candidate.id === id);
  return named ? `${named.id} already has its result` : `${id ?? ''} is not a tool use of this session`;
}

function invalid(where: string, what: string): AppError {
  return new AppError('invalid_request', `${where}.${what}`);
}
