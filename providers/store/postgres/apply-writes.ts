import { blobsOf } from '../../../core/journal/large-strings.ts';
import type { JournalView } from '../../../core/journal/view.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import type { JournalWrites } from '../../../core/journal/writes.ts';
import type { RowCipher } from '../../encryption/row-cipher.ts';
import type { Claim } from '../journal.ts';
import type { Connection } from './database.ts';
import { placeFiles } from './place-files.ts';

const INSERT_EVENTS = `
  INSERT INTO events (session_id, thread_id, step_key, id, seq, arrival, type, ref, body, detail, blobs, trace, accepted_at,
    processed_at)
  SELECT $1, $2, e.step_key, e.id, e.seq, e.arrival, e.type, e.ref, e.body::json, e.detail::json, string_to_array(e.blobs, ','),
    e.trace::json,
    CASE WHEN e.arrival IS NULL THEN NULL ELSE to_timestamp($3 / 1000.0) END,
    CASE WHEN e.seq IS NULL THEN NULL ELSE to_timestamp($3 / 1000.0) END
  FROM unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[]) AS e (step_key, id, seq, arrival, type, ref, body, detail, blobs, trace)`;

const STAMP_EVENTS = `
  UPDATE events SET seq = e.seq, processed_at = to_timestamp($2 / 1000.0), step_key = $3
  FROM unnest($4::text[], $5::bigint[]) AS e (id, seq)
  WHERE events.session_id = $1 AND events.id = e.id AND events.processed_at IS NULL`;

const UPSERT_STEPS = `
  INSERT INTO steps (session_id, step_key, fence, worker, task_token, through, arrived, span, failures, first_failure_at, outcome)
  SELECT $1, s.key, s.fence, CASE WHEN s.outcome IS NULL THEN $2 END, CASE WHEN s.outcome IS NULL THEN $3::bytea END,
    s.through, s.arrived, s.span, s.failures, to_timestamp(s.first_failure_at / 1000.0), s.outcome::json
  FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::int[], $10::bigint[], $11::text[])
    AS s (key, fence, through, arrived, span, failures, first_failure_at, outcome)
  ON CONFLICT (session_id, step_key) DO UPDATE SET fence = excluded.fence, worker = excluded.worker,
    task_token = excluded.task_token, span = excluded.span, failures = excluded.failures,
    first_failure_at = excluded.first_failure_at, outcome = excluded.outcome`;

const UPDATE_HEAD = `
  WITH head AS (
    UPDATE session_head SET last_seq = $2, last_arrival = $3, status = $4, stop = $5, processed_at = to_timestamp($6 / 1000.0),
      running_since = to_timestamp($7 / 1000.0), active_ms = $8, input_tokens = $9, output_tokens = $10,
      cache_read_input_tokens = $11, cache_creation_5m_input_tokens = $12, cache_creation_1h_input_tokens = $13,
      list_cost_nano_usd = $14, unpriced = $19, archived_at = CASE WHEN $15 THEN to_timestamp($6 / 1000.0) ELSE archived_at END
    WHERE session_id = $1)
  UPDATE session_threads SET step = $16, owed = $17, turn = $20, trace = $21 WHERE session_id = $1 AND thread_id = $18`;

/** Sends a decision's writes, inside the transaction that locked the view. Returns the new last `seq`. */
export function applyWrites(
  connection: Connection,
  view: JournalView,
  writes: JournalWrites,
  claim: Claim | undefined,
  cipher: RowCipher,
): number {
  const { sessionId, workspaceId } = view.head;
  const lastSeq = writeEvents(connection, view, writes, cipher);
  placeFiles(connection, view.head, insertedBodies(writes), view.now);
  writeCalls(connection, view, writes, cipher);
  if (writes.steps.length > 0) {
    connection.send({
      name: 'journal-steps',
      text: UPSERT_STEPS,
      values: [
        sessionId,
        claim?.worker ?? null,
        claim ? Buffer.from(claim.taskToken) : null,
        writes.steps.map((row) => row.key),
        writes.steps.map((row) => row.fence),
        writes.steps.map((row) => row.through),
        writes.steps.map((row) => row.arrived),
        writes.steps.map((row) => row.span),
        writes.steps.map((row) => row.failures),
        writes.steps.map((row) => row.firstFailureAt),
        writes.steps.map((row) => {
          if (row.outcome === null) return null;
          const place = { workspaceId, sessionId, rowId: row.key, column: 'outcome' } as const;
          return JSON.stringify(cipher.seal(row.outcome as object as JsonObject, place));
        }),
      ],
    });
  }
  if (writes.session) patchSession(connection, view, writes.session);
  const { head, thread } = writes;
  connection.send({
    name: 'journal-head',
    text: UPDATE_HEAD,
    values: [
      sessionId,
      lastSeq,
      head.lastArrival,
      head.status,
      head.stop === null ? null : JSON.stringify(head.stop),
      view.now,
      head.runningSince,
      head.activeMs,
      head.usage.input_tokens,
      head.usage.output_tokens,
      head.usage.cache_read_input_tokens,
      head.usage.cache_creation_5m_input_tokens,
      head.usage.cache_creation_1h_input_tokens,
      head.usage.list_cost_nano_usd,
      head.archive,
      thread.step,
      thread.owed,
      thread.id,
      head.unpriced,
      JSON.stringify(thread.turn),
      thread.trace === null ? null : JSON.stringify(thread.trace),
    ],
  });
  return lastSeq;
}

function insertedBodies(writes: JournalWrites): JsonObject[] {
  const appended = writes.entries.flatMap((entry) => (entry.kind === 'append' ? [entry.event.body] : []));
  return [...appended, ...writes.enqueue.map(({ event }) => event.body)];
}

function writeEvents(
  connection: Connection,
  view: JournalView,
  writes: JournalWrites,
  cipher: RowCipher,
): number {
  const { sessionId, workspaceId } = view.head;
  let seq = view.head.lastSeq;
  const inserted: {
    stepKey: string | null;
    id: string;
    seq: number | null;
    arrival: number | null;
    type: string;
    ref: string | null;
    body: string;
    detail: string | null;
    blobs: string | null;
    trace: string | null;
  }[] = [];
  const stamped: { id: string; seq: number | null }[] = [];
  const sealed = (rowId: string, column: 'body' | 'detail', value: Json) =>
    JSON.stringify(cipher.seal(value, { workspaceId, sessionId, rowId, column }));
  const row = (event: JournalWrites['enqueue'][number]['event']) => ({
    id: event.id,
    type: event.type,
    ref: event.ref ?? null,
    body: sealed(event.id, 'body', event.body),
    blobs: blobsOf(event.body)?.join(',') ?? null,
    detail: event.detail === undefined ? null : sealed(event.id, 'detail', event.detail),
    trace: event.trace === undefined ? null : JSON.stringify(event.trace),
  });
  for (const entry of writes.entries) {
    if (entry.kind === 'absorb') stamped.push({ id: entry.id, seq: null });
    else if (entry.kind === 'stamp') stamped.push({ id: entry.id, seq: ++seq });
    else {
      inserted.push({
        ...row(entry.event),
        stepKey: writes.stepKey,
        seq: ++seq,
        arrival: entry.arrival ?? null,
      });
    }
  }
  for (const { arrival, event } of writes.enqueue)
    inserted.push({ ...row(event), stepKey: null, seq: null, arrival });

  if (inserted.length > 0) {
    connection.send({
      name: 'journal-events',
      text: INSERT_EVENTS,
      values: [
        sessionId,
        view.thread.id,
        view.now,
        inserted.map((event) => event.stepKey),
        inserted.map((event) => event.id),
        inserted.map((event) => event.seq),
        inserted.map((event) => event.arrival),
        inserted.map((event) => event.type),
        inserted.map((event) => event.ref),
        inserted.map((event) => event.body),
        inserted.map((event) => event.detail),
        inserted.map((event) => event.blobs),
        inserted.map((event) => event.trace),
      ],
    });
  }
  if (stamped.length > 0) {
    connection.send({
      name: 'journal-stamps',
      text: STAMP_EVENTS,
      values: [
        sessionId,
        view.now,
        writes.stepKey,
        stamped.map((event) => event.id),
        stamped.map((event) => event.seq),
      ],
    });
  }
  return seq;
}

function writeCalls(
  connection: Connection,
  view: JournalView,
  writes: JournalWrites,
  cipher: RowCipher,
): void {
  const { sessionId, workspaceId } = view.head;
  const sealed = (rowId: string, column: 'label' | 'deny_message', text: string) =>
    cipher.sealText(text, { workspaceId, sessionId, rowId, column });
  if (writes.newCalls.length > 0) {
    connection.send({
      name: 'journal-calls',
      text: `INSERT INTO tool_calls (session_id, tool_use_id, name, label, kind)
        SELECT $1, c.id, c.name, c.label, c.kind FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
          AS c (id, name, label, kind)`,
      values: [
        sessionId,
        writes.newCalls.map((call) => call.id),
        writes.newCalls.map((call) => call.name),
        writes.newCalls.map((call) => sealed(call.id, 'label', call.label)),
        writes.newCalls.map((call) => call.kind),
      ],
    });
  }
  if (writes.answers.length > 0) {
    connection.send({
      name: 'journal-answers',
      text: `UPDATE tool_calls SET answer = a.answer, deny_message = a.message
        FROM unnest($2::text[], $3::text[], $4::text[]) AS a (id, answer, message)
        WHERE session_id = $1 AND tool_use_id = a.id`,
      values: [
        sessionId,
        writes.answers.map((answer) => answer.toolUseId),
        writes.answers.map((answer) => answer.answer),
        writes.answers.map(({ toolUseId, denyMessage }) =>
          denyMessage === null ? null : sealed(toolUseId, 'deny_message', denyMessage),
        ),
      ],
    });
  }
  if (writes.resolved.length > 0) {
    connection.send({
      name: 'journal-resolved',
      text: 'UPDATE tool_calls SET resolved = true WHERE session_id = $1 AND tool_use_id = ANY ($2)',
      values: [sessionId, writes.resolved],
    });
  }
}

function patchSession(
  connection: Connection,
  view: JournalView,
  patch: NonNullable<JournalWrites['session']>,
): void {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  connection.send({
    name: 'journal-session',
    text: `UPDATE sessions SET updated_at = to_timestamp($2 / 1000.0),
        title = CASE WHEN $3 THEN $4 ELSE title END,
        metadata = coalesce($5::json, metadata), agent = coalesce($6::json, agent),
        budget = CASE WHEN $7 THEN $8::json ELSE budget END
      WHERE id = $1`,
    values: [
      view.head.sessionId,
      view.now,
      patch.title !== undefined,
      patch.title ?? null,
      json(patch.metadata),
      json(patch.agent),
      patch.budget !== undefined,
      patch.budget ? JSON.stringify(patch.budget) : null,
    ],
  });
}
