import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHistories, expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userConfirmation, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { createPostgresJournalArchive } from '../../providers/store/postgres/restore-journal.ts';
import { AGENT, waitingFor } from '../replay/scenarios.ts';

describe('a journal that lost rows', () => {
  const sandbox = createStageSandbox();
  let lab: SessionLab;
  beforeAll(async () => {
    lab = await startSessionLab({ provider: createScriptedProvider(), runner: sandbox });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  /** Puts a session's tables back to what they were after its event `seq`, as a restored database would be. */
  async function putBack(sessionId: string, seq: number): Promise<void> {
    const run = async (statement: string, values: unknown[] = [sessionId]) =>
      lab.database.query(statement, values);
    await run('DELETE FROM events WHERE session_id = $1 AND (seq > $2 OR seq IS NULL)', [sessionId, seq]);
    await run('DELETE FROM tool_calls WHERE session_id = $1');
    await run('DELETE FROM steps WHERE session_id = $1');
    await run('UPDATE session_threads SET step = 0, owed = true WHERE session_id = $1');
    await run(
      `UPDATE session_head SET last_seq = $2, last_arrival = 1, status = 'running', stop = NULL WHERE session_id = $1`,
      [sessionId, seq],
    );
  }

  async function restore(sessionId: string): Promise<number> {
    const archive = createPostgresJournalArchive(lab.database);
    const owner = await archive.owner(sessionId);
    if (!owner) throw new Error('no session');
    const { missing, different, state } = await readHistories(lab, sessionId);
    expect(different).toEqual([]);
    return archive.add(owner, missing, state);
  }

  it('gets them back from history, and the session goes on', async () => {
    const { id } = await lab.createSession(AGENT, [userMessage('call bash,bash')]);
    await lab.rest(id);
    await expectJournalInHistory(lab, id);
    const before = await lab.journal.eventsAfter(id, 0, 100);
    await putBack(id, 4);
    expect(await restore(id)).toBe(before.length - 4);
    expect(await lab.journal.eventsAfter(id, 0, 100)).toEqual(before);
    expect(await lab.journal.head(id)).toMatchObject({
      status: 'idle',
      stop: { type: 'end_turn' },
      busy: false,
      lastSeq: before.length,
    });
    expect(await restore(id)).toBe(0);
    await lab.send(id, [userMessage('hello')]);
    await lab.sweepUntilRest(id);
    await expectSoundLog(lab, id);
    expect((await lab.types(id)).filter((type) => type === 'agent.message')).toHaveLength(2);
  });

  it('is left alone when the session has gone on since: what history has would stand among what happened instead', async () => {
    const { id } = await lab.createSession(AGENT, [userMessage('call bash,bash')]);
    await lab.rest(id);
    await expectJournalInHistory(lab, id);
    await putBack(id, 4);
    const { missing, state } = await readHistories(lab, id);
    await lab.database.query('UPDATE session_threads SET owed = false WHERE session_id = $1', [id]);
    await lab.database.query(
      `UPDATE session_head SET status = 'idle', stop = '{"type": "end_turn"}' WHERE session_id = $1`,
      [id],
    );
    await lab.send(id, [userMessage('hello')]);
    await lab.sweepUntilRest(id);
    const before = await lab.journal.eventsAfter(id, 0, 100);
    const archive = createPostgresJournalArchive(lab.database);
    const owner = await archive.owner(id);
    await expect(owner && archive.add(owner, missing, state)).rejects.toMatchObject({ code: 'conflict' });
    expect(await lab.journal.eventsAfter(id, 0, 100)).toEqual(before);
  });

  it('waits again for the person who is to answer', async () => {
    const { id } = await lab.createSession(AGENT, [userMessage('call write')]);
    const [call = ''] = await waitingFor(lab, id);
    await expectJournalInHistory(lab, id);
    await putBack(id, 4);
    await restore(id);
    expect(await waitingFor(lab, id)).toEqual([call]);
    await lab.send(id, [userConfirmation(call, 'allow')]);
    await lab.sweepUntilRest(id);
    await expectSoundLog(lab, id);
    expect(sandbox.effects.get(call)).toBe(1);
    expect((await lab.journal.head(id))?.stop).toEqual({ type: 'end_turn' });
  });
});
