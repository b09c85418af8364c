import { expect, it } from 'vitest';
import type { JsonObject } from '../../core/json.ts';
import type { JournalEvent } from '../../providers/store/journal.ts';
import { createFrameReader } from './frame-reader.ts';

const SESSION = { id: 'sesn_1', workspaceId: 'w' };
const eventAt = (seq: number) =>
  ({
    id: `sevt_${seq}`,
    seq,
    arrival: null,
    type: 'user.message',
    threadId: 'sthr_1',
    processedAt: 1,
    body: { id: `sevt_${seq}`, type: 'user.message' },
  }) as object as JournalEvent;

function readerOf(bytes: number) {
  const hydrated: unknown[] = [];
  const reader = createFrameReader({
    journal: {
      eventsAfter: async (_id, after, limit) =>
        Array.from({ length: Math.min(limit, 100 - after) }, (_, index) => eventAt(after + 1 + index)),
    },
    hydrate: async (_workspaceId: string, body: JsonObject) => {
      hydrated.push(body['id']);
      return { ...body, text: 'x'.repeat(bytes) };
    },
    concurrency: 1,
  });
  return { reader, hydrated };
}

it('loads the large parts of no more events than one page holds', async () => {
  const { reader, hydrated } = readerOf(3_000_000);
  const frames = await reader.read(SESSION, 10, 100);
  expect(frames.map(({ seq }) => seq)).toEqual([11, 12, 13]);
  expect(hydrated).toHaveLength(3);
});

it('reads small events as they were asked for', async () => {
  const { reader } = readerOf(10);
  expect(await reader.read(SESSION, 0, 100)).toHaveLength(100);
  expect(await reader.read(SESSION, 98, 100)).toHaveLength(2);
});
