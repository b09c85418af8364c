import { expect } from 'vitest';
import { compareJournals, type JournalDifferences } from '../../core/operations/compare-journals.ts';
import { rebuildJournal, type RebuiltState } from '../../core/operations/rebuild-journal.ts';
import { createSessionHistory } from '../../providers/engine/session-history.ts';
import { createPostgresJournalArchive } from '../../providers/store/postgres/restore-journal.ts';
import type { SessionLab } from './session-lab.ts';

type Checked = Pick<SessionLab, 'database' | 'client' | 'blobs'>;

/** How a session's journal differs from what all its histories tell, and what they say beside it. */
export async function readHistories(
  lab: Checked,
  sessionId: string,
): Promise<JournalDifferences & { state: RebuiltState }> {
  const archive = createPostgresJournalArchive(lab.database);
  const owner = await archive.owner(sessionId);
  if (!owner) throw new Error(`there is no session ${sessionId}`);
  const history = createSessionHistory(lab.client, lab.blobs);
  const live = await archive.rows(owner);
  const { rows, conflicts, state } = rebuildJournal(
    await history.facts(owner, await history.runs(sessionId)),
  );
  expect(conflicts).toEqual([]);
  return { ...compareJournals(rows, live), state };
}

/** How a session's journal differs from what all its histories tell. */
export async function compareWithHistory(lab: Checked, sessionId: string): Promise<JournalDifferences> {
  const { missing, different, unknown } = await readHistories(lab, sessionId);
  return { missing, different, unknown };
}

/**
 * Checks that the histories of a session alone give back its journal. Visibility lists a finished run, and the last report reaches
 * history, a moment later than the journal: until then something is unknown.
 */
export async function expectJournalInHistory(lab: Checked, sessionId: string): Promise<void> {
  await expect
    .poll(async () => compareWithHistory(lab, sessionId), { timeout: 60_000, interval: 100 })
    .toEqual({ missing: [], different: [], unknown: [] });
}

/**
 * Checks what must hold of every log, whatever happened: seqs without gaps, turns that do not overlap, one result per tool use, every
 * model call closed.
 */
export async function expectSoundLog(lab: Pick<SessionLab, 'journal'>, sessionId: string): Promise<void> {
  const log = await lab.journal.eventsAfter(sessionId, 0, 100_000);
  expect(log.map((event) => event.seq)).toEqual(log.map((_, index) => index + 1));
  const times = log.map((event) => event.processedAt ?? 0);
  expect(times).toEqual([...times].sort((left, right) => left - right));
  let running = false;
  const uses = new Map<string, number>();
  let spans = 0;
  for (const { id, type, body } of log) {
    if (type === 'session.status_running') {
      expect(running).toBe(false);
      running = true;
    }
    if (type === 'session.status_idle' || type === 'session.status_rescheduled') running = false;
    if (type === 'agent.tool_use' || type === 'agent.custom_tool_use') uses.set(id, 0);
    const answered = body['tool_use_id'] ?? body['custom_tool_use_id'];
    // A client may repeat the result of its own tool: the repetition stands in the log, without effect.
    if (type.endsWith('tool_result') && typeof answered === 'string') {
      const results = uses.get(answered) ?? 0;
      uses.set(answered, type === 'user.custom_tool_result' ? 1 : results + 1);
    }
    if (type === 'span.model_request_start') spans++;
    if (type === 'span.model_request_end') spans--;
    expect(spans === 0 || spans === 1).toBe(true);
    if (type === 'span.model_request_start') {
      expect([...uses.values()].every((results) => results > 0)).toBe(true);
    }
  }
  expect(Math.max(0, ...uses.values())).toBeLessThanOrEqual(1);
}
