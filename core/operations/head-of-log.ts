import type { CallKind, StopReason } from '../journal/view.ts';
import { callLabel } from '../session/call-label.ts';
import type { JsonObject } from '../json.ts';
import type { RebuiltRow } from './rebuild-journal.ts';

/** A tool use of the log, as the table of tool calls holds it. */
export interface LoggedCall {
  id: string;
  name: string;
  label: string;
  kind: CallKind;
  answer: 'allow' | 'deny' | null;
  denyMessage: string | null;
  resolved: boolean;
}

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
  calls: LoggedCall[];
}

/** Reads a whole log, in `seq` order, what waits last. */
export function headOfLog(rows: readonly RebuiltRow[], threadId: string): HeadOfLog {
  const head: HeadOfLog = {
    lastSeq: 0,
    lastArrival: 0,
    status: 'idle',
    stop: null,
    owed: false,
    step: 0,
    calls: [],
  };
  const calls = new Map<string, LoggedCall>();
  const steps = new Map<string, { asked: boolean; ended: boolean }>();
  for (const row of rows) {
    head.lastSeq = Math.max(head.lastSeq, row.seq ?? 0);
    head.lastArrival = Math.max(head.lastArrival, row.arrival ?? 0);
    readCall(row, calls);
    if (row.seq === null) continue;
    readStatus(row, head);
    readStep(row, head, steps, threadId);
  }
  return { ...head, calls: [...calls.values()] };
}

function readStatus({ type, body }: RebuiltRow, head: HeadOfLog): void {
  switch (type) {
    case 'session.status_running':
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
    case 'agent.tool_result':
    case 'user.custom_tool_result':
      head.owed = true;
      return;
    default:
      return;
  }
}

/** A step that settles leaves no span: its number is known from whatever it wrote. One that failed leaves its span's end. */
function readStep(
  row: RebuiltRow,
  head: HeadOfLog,
  steps: Map<string, { asked: boolean; ended: boolean }>,
  threadId: string,
): void {
  const key = row.stepKey ?? '';
  if (!key.startsWith(`${threadId}/`)) return;
  const step = steps.get(key) ?? { asked: false, ended: false };
  steps.set(key, step);
  if (row.type === 'agent.tool_use' || row.type === 'agent.custom_tool_use') step.asked = true;
  if (row.type === 'span.model_request_end' && row.body['is_error'] === false) {
    step.ended = true;
    if (!step.asked) head.owed = false;
  }
  if (row.type === 'session.status_idle') step.ended = true;
  if (step.ended) head.step = Math.max(head.step, Number(key.slice(threadId.length + 1)));
}

function readCall({ id, type, body }: RebuiltRow, calls: Map<string, LoggedCall>): void {
  const text = (field: string) => (typeof body[field] === 'string' ? body[field] : '');
  if (type === 'agent.tool_use' || type === 'agent.custom_tool_use') {
    const kind = kindOf(type, body['evaluated_permission']);
    if (kind === null) return;
    const name = text('name');
    const label = callLabel(name, (body['input'] ?? {}) as JsonObject);
    calls.set(id, { id, name, label, kind, answer: null, denyMessage: null, resolved: false });
    return;
  }
  const call = calls.get(text('tool_use_id') || text('custom_tool_use_id'));
  if (!call) return;
  if (type === 'user.tool_confirmation') {
    call.answer = body['result'] === 'allow' ? 'allow' : 'deny';
    call.denyMessage = text('deny_message') || null;
  } else if (type === 'agent.tool_result' || type === 'user.custom_tool_result') {
    call.resolved = true;
  }
}

/** null: refused on the spot, so nobody is to answer it. */
function kindOf(type: string, permission: JsonObject[string] | undefined): CallKind | null {
  if (type === 'agent.custom_tool_use') return 'custom';
  if (permission === 'deny') return null;
  return permission === 'ask' ? 'ask' : 'run';
}
