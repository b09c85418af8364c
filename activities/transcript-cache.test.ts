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
    messages: async (
      sessionId: string,
      through: number,
      load: (body: JsonObject) => Promise<JsonObject> = async (body) => body,
    ) => (await cache.read({ sessionId, threadId: THREAD, epoch: 1, through, load })).messages,
  };
}

describe('the transcript cache', () => {
  it('reads only what was journaled since the last step', async () => {
    const { create, say, messages, reads } = await aCache();
    await create('s');
    await say('s', 'one');
    await messages('s', 1);
    await say('s', 'two');
    expect(JSON.stringify(await messages('s', 2))).toContain('two');
    expect(reads).toEqual([
      ['s', 0, 1],
      ['s', 1, 2],
    ]);
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
    const { create, say, messages, reads } = await aCache(300);
    for (const id of ['a', 'b', 'c']) {
      await create(id);
      await say(id, 'x'.repeat(80));
      await messages(id, 1);
    }
    reads.length = 0;
    await messages('c', 1);
    await messages('a', 1);
    expect(reads.map(([id, after]) => [id, after])).toEqual([
      ['c', 1],
      ['a', 0],
    ]);
  });

  it('counts what it holds once, however often steps go back', async () => {
    const { create, say, messages, reads } = await aCache(400);
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
    reads.length = 0;
    await messages('b', 1);
    expect(reads).toEqual([['b', 1, 1]]);
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
