import type { AcceptView, SessionDetails } from '../../../core/journal/accept.ts';
import type {
  Budget,
  CallKind,
  CallView,
  QueuedEvent,
  SessionStatus,
  StepRow,
  StopReason,
} from '../../../core/journal/view.ts';
import type { StepOutcome } from '../../../core/journal/outcome.ts';
import type { TurnTrace } from '../../../core/journal/turn-trace.ts';
import { FRESH_TURN, type Turn } from '../../../core/journal/turn.ts';
import type { Json } from '../../../core/json.ts';
import type { RowCipher } from '../../encryption/row-cipher.ts';
import type { Connection } from './database.ts';

interface LockedRow {
  workspace_id: string;
  epoch: number;
  last_seq: number;
  last_arrival: number;
  status: SessionStatus;
  stop: StopReason | null;
  archived_at: number | null;
  processed_at: number;
  running_since: number | null;
  active_ms: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
  list_cost_nano_usd: number;
  thread_id: string;
  agent_name: string;
  step: number;
  owed: boolean;
  unpriced: boolean;
  turn: Turn | null;
  trace: TurnTrace | null;
}

/** A `steps` row as JSON; the columns keep their names. */
interface StoredStep {
  step_key: string;
  fence: number;
  through: number;
  arrived: number;
  span: string | null;
  failures: number;
  first_failure_at: number | null;
  /** A {@link StepOutcome}, as the cipher stored it. */
  outcome: Json;
}

interface StoredCall {
  id: string;
  name: string;
  label: string;
  kind: CallKind;
  answer: 'allow' | 'deny' | null;
  deny_message: string | null;
  row: StoredStep | null;
}

interface LoadedRow {
  clock: number;
  queue: QueuedEvent[];
  calls: StoredCall[];
  row: StoredStep | null;
  named: { id: string; kind: CallKind; resolved: boolean }[];
  budget: Budget | null;
}

const LOCK = `
  SELECT h.workspace_id, h.epoch, h.last_seq, h.last_arrival, h.status, h.stop, h.archived_at, h.processed_at, h.running_since,
    h.active_ms, h.input_tokens, h.output_tokens, h.cache_read_input_tokens, h.cache_creation_5m_input_tokens,
    h.cache_creation_1h_input_tokens, h.list_cost_nano_usd, h.unpriced, t.thread_id, t.agent_name, t.step, t.owed, t.turn, t.trace
  FROM session_head h JOIN session_threads t ON t.session_id = h.session_id AND t.is_primary
  WHERE h.session_id = $1 AND h.deleted_at IS NULL
  FOR UPDATE OF h, t`;

const STEP = `json_build_object('step_key', s.step_key, 'fence', s.fence, 'through', s.through, 'arrived', s.arrived, 'span', s.span,
  'failures', s.failures, 'first_failure_at', floor(extract(epoch FROM s.first_failure_at) * 1000)::bigint, 'outcome', s.outcome)`;

// A statement of its own: in the locking one, subqueries would still see the snapshot from before the wait.
const LOAD = `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock,
    (SELECT coalesce(json_agg(json_build_object('arrival', arrival, 'id', id, 'type', type, 'ref', ref, 'trace', trace)
       ORDER BY arrival), '[]')
       FROM events WHERE session_id = $1 AND processed_at IS NULL) AS queue,
    (SELECT coalesce(json_agg(json_build_object('id', c.tool_use_id, 'name', c.name, 'label', c.label, 'kind', c.kind,
         'answer', c.answer, 'deny_message', c.deny_message,
         'row', CASE WHEN s.step_key IS NULL THEN NULL ELSE ${STEP} END) ORDER BY c.ordinal), '[]')
       FROM tool_calls c LEFT JOIN steps s ON s.session_id = c.session_id AND s.step_key = 'tool/' || c.tool_use_id
       WHERE c.session_id = $1 AND NOT c.resolved) AS calls,
    (SELECT ${STEP} FROM steps s WHERE s.session_id = $1 AND s.step_key = $2) AS row,
    (SELECT coalesce(json_agg(json_build_object('id', tool_use_id, 'kind', kind, 'resolved', resolved)), '[]')
       FROM tool_calls WHERE session_id = $1 AND tool_use_id = ANY ($3)) AS named,
    (SELECT budget FROM sessions WHERE id = $1) AS budget`;

/** Locks the head row and reads what the rules need. Null when there is no such session (or it was deleted). */
export async function loadView(
  connection: Connection,
  request: { sessionId: string; rowKey?: string; named?: readonly string[]; details?: true },
  cipher: RowCipher,
): Promise<{ view: AcceptView; archivedAt: number | null } | null> {
  const [locked, loaded, details] = await Promise.all([
    connection.query<LockedRow>({ name: 'journal-lock', text: LOCK, values: [request.sessionId] }),
    connection.query<LoadedRow>({
      name: 'journal-load',
      text: LOAD,
      values: [request.sessionId, request.rowKey ?? '', request.named ?? []],
    }),
    request.details ? readDetails(connection, request.sessionId) : undefined,
  ]);
  const head = locked.rows[0];
  if (!head) return null;
  const rest = loaded.rows[0];
  if (!rest) throw new Error('the journal view came back empty');
  const opener = openerOf(cipher, head.workspace_id, request.sessionId);
  const view: AcceptView = {
    head: {
      sessionId: request.sessionId,
      workspaceId: head.workspace_id,
      epoch: head.epoch,
      lastSeq: head.last_seq,
      lastArrival: head.last_arrival,
      status: head.status,
      stop: head.stop,
      archived: head.archived_at !== null,
      usage: {
        input_tokens: head.input_tokens,
        output_tokens: head.output_tokens,
        cache_read_input_tokens: head.cache_read_input_tokens,
        cache_creation_5m_input_tokens: head.cache_creation_5m_input_tokens,
        cache_creation_1h_input_tokens: head.cache_creation_1h_input_tokens,
        list_cost_nano_usd: head.list_cost_nano_usd,
      },
      unpriced: head.unpriced,
      budget: rest.budget,
      activeMs: head.active_ms,
      runningSince: head.running_since,
    },
    thread: {
      id: head.thread_id,
      agentName: head.agent_name,
      step: head.step,
      owed: head.owed,
      // Rows of before a field of it was kept lack that field.
      turn: { ...FRESH_TURN, ...head.turn },
      trace: head.trace,
    },
    queue: rest.queue,
    calls: rest.calls.map((call) => toCall(call, opener)),
    row: rest.row && toStepRow(rest.row, opener),
    now: Math.max(rest.clock, head.processed_at),
    named: rest.named,
  };
  if (request.details) {
    if (!details) throw new Error(`the session ${request.sessionId} has a head row only`);
    view.details = details;
  }
  return { view, archivedAt: head.archived_at };
}

async function readDetails(connection: Connection, sessionId: string): Promise<SessionDetails | undefined> {
  const { rows } = await connection.query<SessionDetails>({
    name: 'journal-details',
    text: 'SELECT title, metadata, agent, budget FROM sessions WHERE id = $1',
    values: [sessionId],
  });
  return rows[0];
}

/** Decrypts what the rows of one session hold. */
interface Opener {
  outcome(stepKey: string, stored: Json): StepOutcome | null;
  text(column: 'label' | 'deny_message', toolUseId: string, stored: string): string;
}

function openerOf(cipher: RowCipher, workspaceId: string, sessionId: string): Opener {
  return {
    outcome: (rowId, stored) =>
      stored === null
        ? null
        : (cipher.open(stored, {
            workspaceId,
            sessionId,
            rowId,
            column: 'outcome',
          }) as object as StepOutcome),
    text: (column, rowId, stored) => cipher.openText(stored, { workspaceId, sessionId, rowId, column }),
  };
}

function toCall(stored: StoredCall, opener: Opener): CallView {
  return {
    id: stored.id,
    name: stored.name,
    label: opener.text('label', stored.id, stored.label),
    kind: stored.kind,
    answer: stored.answer,
    denyMessage: stored.deny_message && opener.text('deny_message', stored.id, stored.deny_message),
    row: stored.row && toStepRow(stored.row, opener),
  };
}

function toStepRow(stored: StoredStep, opener: Opener): StepRow {
  return {
    key: stored.step_key,
    fence: stored.fence,
    through: stored.through,
    arrived: stored.arrived,
    span: stored.span,
    failures: stored.failures,
    firstFailureAt: stored.first_failure_at,
    outcome: opener.outcome(stored.step_key, stored.outcome),
  };
}
