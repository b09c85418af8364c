import { describe, expect, it } from 'vitest';
import { countingIds } from '../../test/doubles/journal-view.ts';
import { createJournalWriter, type JournalWriter } from '../../core/journal/journal-writer.ts';
import { createInMemoryJournal } from './in-memory/journal.ts';
import { watchTurns, type EndedTurn } from './watch-turns.ts';

const TRACE = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };

describe('a watch on the ends of turns', () => {
  async function watched() {
    const ended: EndedTurn[] = [];
    const plain = createInMemoryJournal(() => 1_000);
    const journal = watchTurns(plain, (turn) => ended.push(turn));
    await journal.createSession(
      {
        id: 's1',
        workspaceId: 'w1',
        threadId: 't1',
        agent: {},
        agentId: 'a1',
        agentVersion: 1,
        agentName: 'tester',
        environmentId: 'e1',
        title: null,
        metadata: {},
        vaultIds: [],
        budget: null,
      },
      () => ({ writes: null, result: null }),
    );
    const write = async (rowKey: string, work: ((writer: JournalWriter) => void) | null) =>
      journal.transact({ sessionId: 's1', rowKey, caller: 'activity' }, (view) => {
        const writer = createJournalWriter(view, countingIds(`${rowKey}-${view.head.lastSeq}-`));
        work?.(writer);
        return { writes: work && writer.finish(rowKey), result: null };
      });
    return { ended, write };
  }

  it('tells of a turn once, when its end is committed', async () => {
    const { ended, write } = await watched();
    await write('t1/1', (writer) => {
      writer.running();
      writer.enqueue({ id: 'm1', type: 'user.message', body: {}, trace: TRACE });
    });
    await write('t1/1', (writer) => {
      for (const event of writer.queue) writer.stamp(event);
    });
    expect(ended).toEqual([]);
    await write('t1/1', (writer) => writer.idle({ type: 'end_turn' }));
    await write('t1/2', (writer) => writer.setOwed(false));
    expect(ended).toMatchObject([
      { sessionId: 's1', workspaceId: 'w1', trace: { eventId: 'm1', end: { reason: 'end_turn' } } },
    ]);
  });

  it('tells again an attempt whose step stands already, since nobody may have heard of it', async () => {
    const { ended, write } = await watched();
    await write('t1/1', (writer) => {
      writer.running();
      writer.enqueue({ id: 'm1', type: 'user.message', body: {}, trace: TRACE });
    });
    await write('t1/1', (writer) => {
      for (const event of writer.queue) writer.stamp(event);
      writer.idle({ type: 'end_turn' });
    });
    expect(ended).toHaveLength(1);
    await write('t1/1', null);
    expect(ended).toHaveLength(2);
    await write('t1/2', null);
    expect(ended).toHaveLength(2);
    expect(ended[1]).toEqual(ended[0]);
  });

  it('tells nothing of turns without a trace', async () => {
    const { ended, write } = await watched();
    await write('t1/1', (writer) => {
      writer.running();
      writer.enqueue({ id: 'm1', type: 'user.message', body: {} });
    });
    await write('t1/1', (writer) => {
      for (const event of writer.queue) writer.stamp(event);
      writer.idle({ type: 'end_turn' });
    });
    expect(ended).toEqual([]);
  });
});
