import { expect } from 'vitest';
import { createPostgresJournalArchive } from '../../providers/store/postgres/restore-journal.ts';
import { readHistories } from './journal-check.ts';
import type { SessionLab } from './session-lab.ts';

type Lab = Pick<SessionLab, 'database' | 'client' | 'blobs'>;

/** Everything that the store holds of a session's journal, save when things were accepted, who was told, and rows of steps. */
async function stored(lab: Lab, sessionId: string) {
  const read = async (statement: string) => lab.database.query(statement, [sessionId]);
  const [head, thread, session, calls, events, files] = await Promise.all([
    read('SELECT * FROM session_head WHERE session_id = $1'),
    read('SELECT * FROM session_threads WHERE session_id = $1'),
    read('SELECT budget, title, metadata FROM sessions WHERE id = $1'),
    read(
      `SELECT tool_use_id, name, label, kind, answer, deny_message, resolved FROM tool_calls WHERE session_id = $1 ORDER BY ordinal`,
    ),
    read(
      `SELECT id, seq, arrival, thread_id, type, ref, body, detail, blobs, step_key, processed_at FROM events
        WHERE session_id = $1 AND type NOT LIKE 'internal.%' ORDER BY seq NULLS LAST, arrival`,
    ),
    read('SELECT mount_path FROM session_resources WHERE session_id = $1 ORDER BY created_at'),
  ]);
  return { head, thread, session, calls, events, files };
}

/**
 * Takes from a session's tables all that a step journaled, or that was accepted and signalled, and all that is derived from it; then
 * rebuilds them from its histories, and checks that they are what they were.
 */
export async function expectRebuilt(lab: Lab, sessionId: string): Promise<void> {
  const before = await stored(lab, sessionId);
  const run = async (statement: string) => lab.database.query(statement, [sessionId]);
  // What the api journaled alone is in no history, so it stays: rows that took effect without a step.
  await run('DELETE FROM events WHERE session_id = $1 AND (step_key IS NOT NULL OR seq IS NULL)');
  await run('DELETE FROM tool_calls WHERE session_id = $1');
  await run('DELETE FROM steps WHERE session_id = $1');
  await run('UPDATE session_threads SET step = 0, owed = true, turn = NULL WHERE session_id = $1');
  await run('UPDATE sessions SET budget = NULL WHERE id = $1');
  await run(
    `UPDATE session_head SET last_seq = 0, last_arrival = 0, status = 'rescheduling', stop = NULL, running_since = now(),
      active_ms = 0, input_tokens = 0, output_tokens = 0, cache_read_input_tokens = 0, cache_creation_5m_input_tokens = 0,
      cache_creation_1h_input_tokens = 0, list_cost_nano_usd = 0, unpriced = false WHERE session_id = $1`,
  );
  const archive = createPostgresJournalArchive(lab.database);
  const owner = await archive.owner(sessionId);
  if (!owner) throw new Error('the session is gone');
  const { missing, different, state } = await readHistories(lab, sessionId);
  expect(different).toEqual([]);
  expect(await archive.add(owner, missing, state)).toBe(missing.length);
  expect(await stored(lab, sessionId)).toEqual(before);
}
