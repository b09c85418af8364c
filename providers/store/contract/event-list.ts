import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeId } from '../../../core/ids.ts';
import { createJournalWriter, type JournalWriter } from '../../../core/journal/journal-writer.ts';
import type { NewEvent } from '../../../core/journal/view.ts';
import type { EventList, EventPosition, EventQuery } from '../event-list.ts';
import type { Journal } from '../journal.ts';

export interface ListedStore {
  journal: Journal;
  list: EventList;
  close(): Promise<void>;
}

const THREAD = 'sthr_contract';
const ids = { event: () => makeId('event', Date.now(), randomBytes(10)) };

function event(type = 'agent.message'): NewEvent {
  const id = ids.event();
  return { id, type, body: { id, type, content: [{ type: 'text', text: 'x' }] } };
}

/** One thing that happens to a session. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('queue' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('stamp' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('internal' as const), count: fc.constant(1) }),
  fc.record({ kind: fc.constant('result' as const), count: fc.constant(1) }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function perform({ kind, count }: Change, writer: JournalWriter): void {
  for (let index = 0; index < count; index++) {
    const queued = writer.queue[0];
    if (kind === 'append') writer.append(event());
    if (kind === 'queue') writer.enqueue(event('user.message'));
    if (kind === 'stamp' && queued) writer.stamp(queued);
    if (kind === 'internal') writer.enqueue(event('internal.close'));
    if (kind === 'result') writer.append(event('user.custom_tool_result'), writer.takeArrival());
  }
}

/** What every listing keeps. */
export function eventListContract(name: string, open: () => Promise<ListedStore>): void {
  describe(`the event list, ${name}`, () => {
    let store: ListedStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());

    const newSession = async () => {
      const id = makeId('session', Date.now(), randomBytes(10));
      await store.journal.createSession(
        {
          id,
          workspaceId: 'w',
          threadId: THREAD,
          agent: {},
          agentId: 'agent_1',
          agentVersion: 1,
          agentName: 'a',
          environmentId: 'env_1',
          title: null,
          metadata: {},
          vaultIds: [],
          budget: null,
        },
        () => ({ writes: null, result: null }),
      );
      return id;
    };
    const write = (sessionId: string, work: (writer: JournalWriter) => void) =>
      store.journal.transact({ sessionId, caller: 'client' }, (view) => {
        const writer = createJournalWriter(view, ids);
        work(writer);
        return { writes: writer.finish(null), result: null };
      });
    const query = (sessionId: string, part: Partial<EventQuery> = {}): EventQuery => ({
      sessionId,
      threadId: THREAD,
      order: 'asc',
      types: null,
      processed: null,
      limit: 1_000,
      from: null,
      ...part,
    });
    const all = async (part: EventQuery) =>
      (await store.list.page(part)).items.map(({ event: { id } }) => id);

    it('lists every event once, also those that take effect between two pages', async () => {
      const steps = fc.array(change, { minLength: 1, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 }),
          fc.constantFrom('asc' as const, 'desc' as const),
          fc.integer({ min: 1, max: 5 }),
          async (before, between, order, limit) => {
            const sessionId = await newSession();
            for (const step of before) await write(sessionId, (writer) => perform(step, writer));
            const atFirst = await all(query(sessionId));
            const seen: string[] = [];
            let from: EventPosition | null = null;
            for (let page = 0; ; page++) {
              const { items, more } = await store.list.page(query(sessionId, { order, limit, from }));
              expect(items.length).toBeLessThanOrEqual(limit);
              seen.push(...items.map((item) => item.event.id));
              from = items.at(-1)?.position ?? from;
              if (!more) break;
              for (const step of between[page] ?? [])
                await write(sessionId, (writer) => perform(step, writer));
            }
            expect(new Set(seen).size).toBe(seen.length);
            if (order === 'asc') expect(new Set(seen)).toEqual(new Set(await all(query(sessionId))));
            else expect(new Set(seen)).toEqual(new Set(atFirst));
          },
        ),
        { numRuns: 60 },
      );
    });

    it('lists journaled events in their order and queued ones behind them, and the same backwards', async () => {
      const sessionId = await newSession();
      await write(sessionId, (writer) => {
        writer.enqueue(event('user.message'));
        writer.enqueue(event('user.message'));
        writer.enqueue(event('user.message'));
      });
      await write(sessionId, (writer) => {
        writer.append(event());
        const second = writer.queue[1];
        if (second) writer.stamp(second);
        writer.append(event());
      });
      const { items, more } = await store.list.page(query(sessionId));
      expect(more).toBe(false);
      expect(items.map((item) => [item.event.seq, item.event.arrival])).toEqual([
        [1, null],
        [2, 2],
        [3, null],
        [null, 1],
        [null, 3],
      ]);
      expect(items.map((item) => item.event.processedAt === null)).toEqual([false, false, false, true, true]);
      const backwards = await all(query(sessionId, { order: 'desc' }));
      expect(backwards).toEqual(items.map((item) => item.event.id).toReversed());
    });

    it('never lists internal rows, queued or processed', async () => {
      const sessionId = await newSession();
      await write(sessionId, (writer) => writer.enqueue(event('internal.close')));
      expect(await all(query(sessionId))).toEqual([]);
      await write(sessionId, (writer) => {
        const queued = writer.queue[0];
        if (queued) writer.stamp(queued);
      });
      expect(await all(query(sessionId))).toEqual([]);
    });

    it('lists the types asked for, and only those of the thread', async () => {
      const sessionId = await newSession();
      const kinds = ['agent.message', 'agent.thinking', 'user.message'];
      await write(sessionId, (writer) => {
        for (const kind of [...kinds, ...kinds]) writer.append(event(kind));
        writer.enqueue(event('user.message'));
      });
      const { items } = await store.list.page(
        query(sessionId, { types: ['user.message', 'agent.thinking'] }),
      );
      expect(items.map((item) => item.event.type)).toEqual([
        'agent.thinking',
        'user.message',
        'agent.thinking',
        'user.message',
        'user.message',
      ]);
      expect(await all(query(sessionId, { types: [] }))).toEqual([]);
      expect(await all(query(sessionId, { threadId: 'sthr_other' }))).toEqual([]);
    });

    it('lists what took effect within a range of time, limits included or not', async () => {
      const sessionId = await newSession();
      for (let index = 0; index < 30; index++) {
        await write(sessionId, (writer) => writer.append(event()));
        if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await write(sessionId, (writer) => writer.enqueue(event('user.message')));
      const every = (await store.list.page(query(sessionId))).items.map((item) => item.event);
      const journaled = every.filter((listed) => listed.processedAt !== null);
      const times = [...new Set(journaled.map((listed) => listed.processedAt ?? 0))];
      const [early, late] = [times[1] ?? 0, times.at(-2) ?? 0];
      expect(times.length).toBeGreaterThan(4);
      for (const processed of [
        { gt: early },
        { gte: early },
        { lt: late },
        { lte: late },
        { gt: early, lte: late },
        { gte: early, lt: late },
        { gte: early + 0.5 },
        { lte: late - 0.5, gt: early },
        { gt: Date.now() + 60_000 },
        { lt: 0 },
        {},
      ]) {
        const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = processed;
        const expected = journaled.filter(({ processedAt }) => {
          const time = processedAt ?? 0;
          return time > gt && time >= gte && time < lt && time <= lte;
        });
        expect(await all(query(sessionId, { processed }))).toEqual(expected.map(({ id }) => id));
      }
    });

    it('says whether a position lies within a range of time', async () => {
      const sessionId = await newSession();
      await write(sessionId, (writer) => writer.append(event()));
      await new Promise((resolve) => setTimeout(resolve, 5));
      await write(sessionId, (writer) => writer.append(event()));
      const { items } = await store.list.page(query(sessionId));
      const [first, second] = items.map((item) => item.event.processedAt ?? 0);
      const at = (seq: number): EventPosition => ({ order: 'asc', seq, arrival: 0 });
      expect(await store.list.contains(sessionId, { gt: first ?? 0 }, at(1))).toBe(false);
      expect(await store.list.contains(sessionId, { gt: first ?? 0 }, at(2))).toBe(true);
      expect(await store.list.contains(sessionId, { lt: second ?? 0 }, at(1))).toBe(true);
      expect(await store.list.contains(sessionId, { lt: second ?? 0 }, at(2))).toBe(false);
    });

    it('knows the threads and the newest events of a type', async () => {
      const sessionId = await newSession();
      expect(await store.list.hasThread(sessionId, THREAD)).toBe(true);
      expect(await store.list.hasThread(sessionId, 'sthr_other')).toBe(false);
      await write(sessionId, (writer) => {
        for (const kind of ['session.status_idle', 'agent.message', 'session.status_idle', 'agent.message'])
          writer.append(event(kind));
      });
      const newest = await store.list.newestOfType(sessionId, 'session.status_idle', 5);
      expect(newest.map(({ seq }) => seq)).toEqual([3, 1]);
      expect(newest[0]?.processedAt).toBeGreaterThan(0);
    });

    it('lists nothing of a deleted session, and knows when it was deleted', async () => {
      const sessionId = await newSession();
      await write(sessionId, (writer) => writer.append(event()));
      expect((await store.list.deletedAt([sessionId])).size).toBe(0);
      await store.journal.deleteSession({ sessionId, caller: 'client' }, () => undefined);
      expect(await all(query(sessionId))).toEqual([]);
      expect((await store.list.deletedAt([sessionId])).get(sessionId)).toBeGreaterThan(0);
    });
  });
}
