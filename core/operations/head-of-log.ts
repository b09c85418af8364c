import { readSpanDetail } from '../journal/span-detail.ts';
import { FRESH_TURN, type Turn } from '../journal/turn.ts';
import type { Budget, StopReason } from '../journal/view.ts';
import { readCalls, type LoggedCall } from './logged-calls.ts';
import { NO_TOTALS, withRow, type LoggedTotals } from './logged-totals.ts';
import { turnAfter } from './logged-turn.ts';
import type { RebuiltRow, RebuiltState } from './rebuild-journal.ts';

/** What a session's other tables say, as far as its log tells. */
export interface HeadOfLog {
  lastSeq: number;
  lastArrival: number;
  status: 'idle' | 'running' | 'rescheduling' | 'terminated';
  stop: StopReason | null;
  /** Whether something is to be answered. */
  owed: boolean;
  /** The last number of a step of the thread that has ended. */
  step: number;
  turn: Turn;
  totals: LoggedTotals;
  /** Undefined: nothing was said of it. */
  budget: Budget | null | undefined;
  calls: LoggedCall[];
}

const NOTHING_TOLD: RebuiltState = { step: 0, lastArrival: 0, labels: new Map() };

/**
 * Reads a whole log, in `seq` order, what waits last.
 *
 * @param told - what histories say beside it.
 */
export function headOfLog(
  rows: readonly RebuiltRow[],
  threadId: string,
  told: RebuiltState = NOTHING_TOLD,
): HeadOfLog {
  const head: HeadOfLog = {
    lastSeq: 0,
    lastArrival: told.lastArrival,
    status: 'idle',
    stop: null,
    owed: false,
    step: told.step,
    turn: FRESH_TURN,
    totals: NO_TOTALS,
    budget: undefined,
    calls: [],
  };
  const calls = readCalls(told.labels);
  const steps: Steps = new Map();
  for (const row of rows) {
    head.lastSeq = Math.max(head.lastSeq, row.seq ?? 0);
    head.lastArrival = Math.max(head.lastArrival, row.arrival ?? 0);
    const isResult = calls.read(row);
    if (row.seq === null) continue;
    readStatus(row, head, isResult);
    const isFinal = readStep(row, head, steps, threadId);
    if (isFinal) head.owed = false;
    head.turn = turnAfter(head.turn, row, isFinal);
    head.totals = withRow(head.totals, row);
    readBudget(row, head);
  }
  return { ...head, calls: calls.all() };
}

function readStatus({ type, body }: RebuiltRow, head: HeadOfLog, isResult: boolean): void {
  if (isResult) head.owed = true;
  switch (type) {
    case 'session.status_running':
    // Never journaled while the session rests: the running pair before it is one that the api journaled, and is missing.
    case 'span.model_request_start':
      head.status = 'running';
      return;
    case 'session.status_rescheduled':
      head.status = 'rescheduling';
      return;
    case 'session.status_terminated':
      head.status = 'terminated';
      return;
    case 'session.status_idle':
      head.status = 'idle';
      head.stop = (body['stop_reason'] ?? null) as StopReason | null;
      if (head.stop?.type !== 'requires_action' && head.stop?.type !== 'budget_reached') head.owed = false;
      return;
    case 'user.interrupt':
      head.owed = false;
      return;
    case 'user.message':
    case 'system.message':
      head.owed = true;
      return;
    default:
      return;
  }
}

type Steps = Map<string, { goesOn: boolean; ended: boolean }>;

/**
 * A step that settles leaves no span: its number is known from whatever it wrote. One that failed leaves its span's end. Returns
 * whether the row is the end of a final answer: the step asked for no tools, made no summary and was not cut off.
 */
function readStep(row: RebuiltRow, head: HeadOfLog, steps: Steps, threadId: string): boolean {
  const key = row.stepKey ?? '';
  if (!key.startsWith(`${threadId}/`)) return false;
  const step = steps.get(key) ?? { goesOn: false, ended: false };
  steps.set(key, step);
  if (GOES_ON.has(row.type) || isCut(row)) step.goesOn = true;
  const isAnswered = row.type === 'span.model_request_end' && row.body['is_error'] === false;
  if (isAnswered || row.type === 'session.status_idle') step.ended = true;
  if (step.ended) head.step = Math.max(head.step, Number(key.slice(threadId.length + 1)));
  return isAnswered && !step.goesOn;
}

const GOES_ON: ReadonlySet<string> = new Set([
  'agent.tool_use',
  'agent.custom_tool_use',
  'agent.thread_context_compacted',
]);

function isCut({ type, detail }: RebuiltRow): boolean {
  return type === 'span.model_request_end' && readSpanDetail(detail)?.cut != null;
}

function readBudget({ type, body }: RebuiltRow, head: HeadOfLog): void {
  if (type !== 'session.usage' && type !== 'session.updated') return;
  const { budget } = body;
  if (budget !== undefined) head.budget = budget as object as Budget | null;
}
