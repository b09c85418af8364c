import type {
  BetaManagedAgentsSessionRefusalStopDetails,
  BetaManagedAgentsSessionUsageSnapshot,
} from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { toUsageSnapshot } from './usage-snapshot.ts';
import { isMessage } from './busy.ts';
import { unanswered } from './call-states.ts';
import { spanDetail, type LostUsage, type SpanDetail } from './span-detail.ts';
import { beginTurnTrace, joinTurnTrace, resumeTurnTrace, type TurnTrace } from './turn-trace.ts';
import { FRESH_TURN, withMessage, type Turn } from './turn.ts';
import type {
  CallView,
  IdSource,
  JournalView,
  NewEvent,
  QueuedEvent,
  StepRow,
  StopReason,
  UsageTotals,
} from './view.ts';
import { newEvent, type StopWord } from './wire-event.ts';
import type { JournalWrites, NewCall } from './writes.ts';

/** Text of the result that closes a call which an interrupt kept from running. The wording is the API's own. */
const INTERRUPTED = 'Tool execution was interrupted before completion. Please retry.';
const OUTCOME_UNKNOWN =
  'The call was started and then interrupted; whether it had effects is unknown. Check before you repeat it.';

/**
 * Collects what one transaction writes, while it tracks the state that the writes lead to. All journaling rules that hold
 * everywhere live here: the running pair comes first, an idle ends a turn once, a tool use gets one result.
 */
export interface JournalWriter {
  readonly status: JournalView['head']['status'];
  readonly stop: StopReason | null;
  readonly owed: boolean;
  readonly turn: Turn;
  readonly trace: TurnTrace | null;
  readonly queue: readonly QueuedEvent[];
  readonly calls: readonly CallView[];
  /** The `seq` of the last entry so far. */
  readonly lastSeq: number;
  append(event: NewEvent, arrival?: number): void;
  /** Journals the running pair unless the row says running. */
  running(): void;
  rescheduled(): void;
  /** Ends the trace of the turn under way. An idle does so by itself. */
  endTrace(reason: string): void;
  /** Ends the turn, unless the row already shows the same idle. */
  idle(stop: StopReason, details?: BetaManagedAgentsSessionRefusalStopDetails | null): void;
  /** Gives a queued event its place. */
  stamp(event: QueuedEvent): void;
  /** Answers a call: journals the result and closes the call. `owed` becomes true. */
  result(toolUseId: string, event: NewEvent, arrival?: number): void;
  /** Closes calls that nobody will run any more, each with an error result; late attempts can never commit. */
  seal(calls: readonly CallView[], pair: 'with-running-pair' | 'as-is', text?: string): void;
  /** Stamps queued denials, each with its error result. */
  deny(pair: 'with-running-pair' | 'as-is'): void;
  openSpan(): string;
  closeSpan(
    row: StepRow,
    isError: boolean,
    spent?: SpanDetail & { speed: 'standard' | 'fast'; stopReason?: StopWord },
  ): void;
  /** Closes the span of a request that gave no answer, and counts what it has used all the same; null: nothing that is known. */
  failSpan(row: StepRow, lost: LostUsage | null): void;
  /** `priced`: the model has list prices, so that the cost in `usage` is one. */
  addUsage(usage: UsageTotals, priced: boolean): void;
  setTurn(turn: Turn): void;
  setOwed(owed: boolean): void;
  writeRow(row: StepRow): void;
  advance(step: number): void;
  /** Takes the next arrival number, for an accepted event that takes effect at once. */
  takeArrival(): number;
  enqueue(event: NewEvent): number;
  addCalls(calls: readonly NewCall[]): void;
  answer(toolUseId: string, answer: 'allow' | 'deny', denyMessage: string | null): void;
  archive(): void;
  finish(stepKey: string | null): JournalWrites;
}

export function createJournalWriter(view: JournalView, ids: IdSource): JournalWriter {
  const { head, thread } = view;
  let status = head.status;
  let stop = head.stop;
  let owed = thread.owed;
  let turn = thread.turn;
  let trace = thread.trace;
  let step = thread.step;
  let usage = head.usage;
  let unpriced = head.unpriced;
  let activeMs = head.activeMs;
  let runningSince = head.runningSince;
  let lastArrival = head.lastArrival;
  let lastSeq = head.lastSeq;
  let archived = false;
  let queue = [...view.queue];
  let calls = [...view.calls];
  const entries: JournalWrites['entries'] = [];
  const enqueued: JournalWrites['enqueue'] = [];
  const steps: StepRow[] = [];
  const newCalls: NewCall[] = [];
  const resolved: string[] = [];
  const answers: JournalWrites['answers'] = [];
  /** Of the step whose writes these are: known at the end only. */
  let endedHere = false;
  const join = (event: Pick<QueuedEvent, 'id' | 'type' | 'trace'>): void => {
    if (trace !== null && trace.end === null) trace = joinTurnTrace(trace, event);
    else if (isMessage(event.type)) trace = beginTurnTrace(event, view.now, usage);
  };
  const threadFields = { session_thread_id: thread.id, agent_name: thread.agentName };

  const writer: JournalWriter = {
    get status() {
      return status;
    },
    get stop() {
      return stop;
    },
    get owed() {
      return owed;
    },
    get turn() {
      return turn;
    },
    get trace() {
      return trace;
    },
    get queue() {
      return queue;
    },
    get calls() {
      return calls;
    },
    get lastSeq() {
      return lastSeq;
    },
    append(event, arrival) {
      lastSeq++;
      entries.push(arrival === undefined ? { kind: 'append', event } : { kind: 'append', event, arrival });
    },
    running() {
      if (status === 'running') return;
      const waited = stop?.type === 'requires_action' || stop?.type === 'budget_reached';
      if (status === 'idle' && waited && trace !== null) trace = resumeTurnTrace(trace, view.now, usage);
      writer.append(newEvent({ id: ids.event(), type: 'session.status_running' }));
      writer.append(newEvent({ id: ids.event(), type: 'session.thread_status_running', ...threadFields }));
      status = 'running';
      runningSince ??= view.now;
    },
    rescheduled() {
      writer.append(newEvent({ id: ids.event(), type: 'session.status_rescheduled' }));
      writer.append(
        newEvent({ id: ids.event(), type: 'session.thread_status_rescheduled', ...threadFields }),
      );
      status = 'rescheduling';
    },
    endTrace(reason) {
      if (trace === null || trace.end !== null) return;
      trace = { ...trace, end: { at: view.now, reason, usage, stepKey: null } };
      endedHere = true;
    },
    idle(reason, details = null) {
      if (status === 'idle' && sameStop(stop, reason)) return;
      if (status === 'terminated' || (status === 'idle' && stop?.type !== 'requires_action')) {
        throw new Error(
          `idle ${reason.type} after ${status} ${stop?.type ?? ''}: a second idle for one turn`,
        );
      }
      if (runningSince !== null) activeMs += Math.max(0, view.now - runningSince);
      runningSince = null;
      const shared = { stop_reason: reason, stop_details: details };
      const snapshot: BetaManagedAgentsSessionUsageSnapshot = toUsageSnapshot(usage, unpriced, activeMs);
      writer.append(
        newEvent({ id: ids.event(), type: 'session.thread_status_idle', ...threadFields, ...shared }),
      );
      writer.append(
        newEvent({ id: ids.event(), type: 'session.usage', usage: snapshot, budget: head.budget }),
      );
      writer.append(newEvent({ id: ids.event(), type: 'session.status_idle', ...shared }));
      status = 'idle';
      stop = reason;
      writer.endTrace(reason.type);
      if (reason.type === 'retries_exhausted') owed = false;
      if (reason.type !== 'requires_action' && reason.type !== 'budget_reached') turn = FRESH_TURN;
    },
    stamp(event) {
      queue = queue.filter((queued) => queued.arrival !== event.arrival);
      if (event.type.startsWith('internal.')) {
        entries.push({ kind: 'absorb', arrival: event.arrival, id: event.id });
        return;
      }
      join(event);
      lastSeq++;
      entries.push({ kind: 'stamp', arrival: event.arrival, id: event.id, type: event.type });
      if (event.type === 'user.interrupt') owed = false;
      if (event.type === 'user.message' || event.type === 'system.message') owed = true;
      if (event.type === 'user.message') turn = withMessage(turn);
    },
    result(toolUseId, event, arrival) {
      if (!calls.some((call) => call.id === toolUseId)) throw new Error(`second result for ${toolUseId}`);
      join(event);
      writer.append({ ...event, ref: toolUseId }, arrival);
      calls = calls.filter((call) => call.id !== toolUseId);
      resolved.push(toolUseId);
      owed = true;
    },
    seal(sealed, pair, text) {
      for (const call of sealed) {
        if (pair === 'with-running-pair') writer.running();
        writer.writeRow({
          key: `tool/${call.id}`,
          fence: call.row?.fence ?? 0,
          through: call.row?.through ?? 0,
          arrived: call.row?.arrived ?? 0,
          span: null,
          failures: 0,
          firstFailureAt: null,
          outcome: { kind: 'abandoned', toolUseId: call.id },
        });
        writer.result(call.id, errorResult(ids, call.id, text ?? (call.row ? OUTCOME_UNKNOWN : INTERRUPTED)));
      }
    },
    deny(pair) {
      for (const event of queue.filter((queued) => queued.type === 'user.tool_confirmation')) {
        const call = calls.find((candidate) => candidate.id === event.ref);
        if (call?.answer !== 'deny') continue;
        if (pair === 'with-running-pair') writer.running();
        writer.stamp(event);
        const reason = call.denyMessage === null ? '' : ` Reason: ${call.denyMessage}`;
        writer.seal([call], pair, `The user rejected this tool call; it was not run.${reason}`);
      }
    },
    openSpan() {
      const id = ids.event();
      writer.append(newEvent({ id, type: 'span.model_request_start' }));
      return id;
    },
    closeSpan(row, isError, spent) {
      if (row.span === null) return;
      const used = spent?.usage;
      const end = {
        id: ids.event(),
        type: 'span.model_request_end',
        model_request_start_id: row.span,
        is_error: isError,
        model_usage: {
          input_tokens: used?.input_tokens ?? 0,
          output_tokens: used?.output_tokens ?? 0,
          cache_creation_input_tokens:
            (used?.cache_creation_5m_input_tokens ?? 0) + (used?.cache_creation_1h_input_tokens ?? 0),
          cache_read_input_tokens: used?.cache_read_input_tokens ?? 0,
          ...(spent?.speed === 'fast' ? { speed: 'fast' as const } : {}),
        },
        ...(spent?.stopReason === undefined ? {} : { stop_reason: spent.stopReason }),
      } as const;
      writer.append(newEvent(end, spent ? { detail: spanDetail(spent) } : {}));
    },
    failSpan(row, lost) {
      if (row.span === null) return;
      writer.closeSpan(row, true, lost === null ? undefined : { ...lost, digests: null });
      if (lost !== null) writer.addUsage(lost.usage, lost.priced);
    },
    addUsage(spent, priced) {
      if (!priced) unpriced = true;
      usage = {
        input_tokens: usage.input_tokens + spent.input_tokens,
        output_tokens: usage.output_tokens + spent.output_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens + spent.cache_read_input_tokens,
        cache_creation_5m_input_tokens:
          usage.cache_creation_5m_input_tokens + spent.cache_creation_5m_input_tokens,
        cache_creation_1h_input_tokens:
          usage.cache_creation_1h_input_tokens + spent.cache_creation_1h_input_tokens,
        list_cost_nano_usd: usage.list_cost_nano_usd + spent.list_cost_nano_usd,
      };
    },
    setTurn(value) {
      turn = value;
    },
    setOwed(value) {
      owed = value;
    },
    writeRow(row) {
      steps.push(row);
    },
    advance(next) {
      step = next;
    },
    takeArrival() {
      return ++lastArrival;
    },
    enqueue(event) {
      lastArrival++;
      enqueued.push({ arrival: lastArrival, event });
      const { id, type, ref = null, trace: own = null } = event;
      queue.push({ arrival: lastArrival, id, type, ref, trace: own });
      return lastArrival;
    },
    addCalls(added) {
      newCalls.push(...added);
      for (const call of added) calls.push({ ...call, answer: null, denyMessage: null, row: null });
    },
    answer(toolUseId, answer, denyMessage) {
      answers.push({ toolUseId, answer, denyMessage });
      calls = calls.map((call) => (call.id === toolUseId ? { ...call, answer, denyMessage } : call));
    },
    archive() {
      if (runningSince !== null) activeMs += Math.max(0, view.now - runningSince);
      runningSince = null;
      status = 'terminated';
      archived = true;
      writer.endTrace('archived');
    },
    finish(stepKey) {
      if (endedHere && trace?.end) trace = { ...trace, end: { ...trace.end, stepKey } };
      return {
        entries,
        enqueue: enqueued,
        head: { status, stop, lastArrival, usage, unpriced, activeMs, runningSince, archive: archived },
        thread: { id: thread.id, step, owed, turn, trace },
        steps,
        newCalls,
        resolved,
        answers,
        stepKey,
      };
    },
  };
  return writer;
}

/** A result that says the call did not do its work. */
export function errorResult(ids: IdSource, toolUseId: string, text: string): NewEvent {
  return newEvent({
    id: ids.event(),
    type: 'agent.tool_result',
    tool_use_id: toolUseId,
    content: [{ type: 'text', text }],
    is_error: true,
  });
}

/** Whether two idles are the same to a client. Before the first idle a session counts as ended. */
function sameStop(shown: StopReason | null, next: StopReason): boolean {
  const current = shown ?? { type: 'end_turn' };
  if (current.type !== next.type) return false;
  if (current.type !== 'requires_action' || next.type !== 'requires_action') return true;
  return [...current.event_ids].sort().join() === [...next.event_ids].sort().join();
}

/** The ids that a `requires_action` idle names. */
export function waitingIds(calls: readonly CallView[]): string[] {
  return unanswered(calls).map((call) => call.id);
}
