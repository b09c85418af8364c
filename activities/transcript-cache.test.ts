import { describe, expect, it } from 'vitest';
import { countingIds } from '../test/doubles/journal-view.ts';
import { createJournalWriter } from '../core/journal/journal-writer.ts';
import type { JsonObject } from '../core/json.ts';
import type { Journal } from '../providers/store/journal.ts';
import { createInMemoryJournal } from '../providers/store/in-memory/journal.ts';
import { createTranscriptCache } from './transcript-cache.ts';

const THREAD = 'sthr_test';

/** A journal that notes which ranges are read, and a cache on it. */
async function aCache(maximumBytes = 1_000_000) {
  const journal = createInMemoryJournal(Date.now);
  const reads: [string, number, number][] = [];
  const watched: Journal = {
    ...journal,
    async eventsThrough(sessionId, threadId, after, through) {
      reads.push([sessionId, after, through]);
      return journal.eventsThrough(sessionId, threadId, after, through);
    },
  };
  const ids = countingIds();
  const cache = createTranscriptCache(watched, maximumBytes);
  const messages = async (
    sessionId: string,
    through: number,
    load: (body: JsonObject) => Promise<JsonObject> = async (body) => body,
  ) => (await cache.read({ sessionId, threadId: THREAD, epoch: 1, through, load })).messages;
  return {
    reads,
    async create(id: string) {
      const session = { id, workspaceId: 'w', threadId: THREAD, agent: {}, agentId: 'a', agentVersion: 1 };
      const rest = {
        agentName: 'a',
        environmentId: 'e',
        title: null,
        metadata: {},
        vaultIds: [],
        budget: null,
      };
      await journal.createSession({ ...session, ...rest }, () => ({ writes: null, result: null }));
    },
    async say(sessionId: string, text: string) {
      await journal.transact({ sessionId, caller: 'activity' }, (view) => {
        const writer = createJournalWriter(view, ids);
        const id = ids.event();
        writer.append({ id, type: 'user.message', body: { content: [{ type: 'text', text }] } });
        return { writes: writer.finish(null), result: null };
      });
    },
    /** Takes the journal back to what it was after its event `seq`. */
    putBack(sessionId: string, seq: number) {
      const stored = journal.sessions.get(sessionId);
      if (!stored) throw new Error('no session');
      stored.events = stored.events.filter((event) => (event.seq ?? 0) <= seq);
      stored.head.lastSeq = seq;
    },
    messages,
    /** How many events were built into the transcript that this step is given: none where it was kept. */
    async loads(sessionId: string, through: number): Promise<number> {
      let count = 0;
      await messages(sessionId, through, async (body) => {
        count += 1;
        return body;
      });
      return count;
    },
  };
}

describe('the transcript cache', () => {
  it('reads only what was journaled since the last step, and the last event before it', async () => {
    const { create, say, messages, reads } = await aCache();
    await create('s');
    await say('s', 'one');
    await say('s', 'two');
    await messages('s', 2);
    await say('s', 'three');
    const loaded: JsonObject[] = [];
    const load = async (body: JsonObject) => {
      loaded.push(body);
      return body;
    };
    expect(JSON.stringify(await messages('s', 3, load))).toContain('three');
    expect(loaded).toHaveLength(1);
    expect(reads).toEqual([
      ['s', 0, 2],
      ['s', 1, 3],
    ]);
  });

  it('forgets a transcript whose journal was put back and went on in another way', async () => {
    const { create, say, messages, putBack } = await aCache();
    await create('s');
    await say('s', 'one');
    await say('s', 'lost');
    expect(JSON.stringify(await messages('s', 2))).toContain('lost');
    putBack('s', 1);
    await say('s', 'found');
    const same = JSON.stringify(await messages('s', 2));
    expect([same.includes('one'), same.includes('lost'), same.includes('found')]).toEqual([
      true,
      false,
      true,
    ]);
    await say('s', 'more');
    expect(JSON.stringify(await messages('s', 3))).toMatch(/one.*found.*more/);
  });

  it('gives a step nothing that came after what it may read, also when the cache knows more', async () => {
    const { create, say, messages } = await aCache();
    await create('s');
    await say('s', 'one');
    await say('s', 'two');
    await messages('s', 2);
    expect(JSON.stringify(await messages('s', 1))).not.toContain('two');
  });

  it('gives two attempts that run at once the same messages', async () => {
    const { create, say, messages } = await aCache();
    await create('s');
    await say('s', 'one');
    await say('s', 'two');
    const [left, right] = await Promise.all([messages('s', 2), messages('s', 2)]);
    expect(left).toEqual(right);
    expect(await messages('s', 2)).toEqual(left);
  });

  it('forgets the least recently used when it holds too much', async () => {
    const { create, say, messages, loads } = await aCache(300);
    for (const id of ['a', 'b', 'c']) {
      await create(id);
      await say(id, 'x'.repeat(80));
      await messages(id, 1);
    }
    expect([await loads('c', 1), await loads('a', 1)]).toEqual([0, 1]);
  });

  it('counts what it holds once, however often steps go back', async () => {
    const { create, say, messages, loads } = await aCache(400);
    await create('a');
    await say('a', 'one');
    await say('a', 'two');
    await create('b');
    await say('b', 'x');
    await messages('b', 1);
    for (let round = 0; round < 10; round++) {
      await messages('a', 2);
      await messages('a', 1);
    }
    expect(await loads('b', 1)).toBe(0);
  });

  it('starts over after a read that failed half-way', async () => {
    const { create, say, messages } = await aCache();
    await create('s');
    await say('s', 'one');
    await messages('s', 1);
    await say('s', 'two');
    await expect(
      messages('s', 2, async () => {
        throw new Error('no blob');
      }),
    ).rejects.toThrow('no blob');
    const text = JSON.stringify(await messages('s', 2));
    expect(text.match(/one|two/g)).toEqual(['one', 'two']);
  });
});
