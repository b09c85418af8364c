import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Preview } from '../../providers/bus/bus.ts';
import type { FrameSink } from './frame-sink.ts';
import { createRecentFrames } from './recent-frames.ts';
import { sseFrame } from './sse-frame.ts';
import type { StreamFrame } from './stream-frame.ts';
import { createWatcher, type WatcherOptions } from './watcher.ts';

const THREAD = 'sthr_1';

/** A client that takes bytes only when it is told to. */
function createSlowSink() {
  const written: Buffer[] = [];
  let backlog = 0;
  let peak = 0;
  let drained: () => void = () => undefined;
  let closed: () => void = () => undefined;
  let ended = false;
  const sink: FrameSink = {
    write(bytes) {
      written.push(bytes);
      backlog += bytes.length;
      peak = Math.max(peak, backlog);
    },
    get backlog() {
      return backlog;
    },
    peer: null,
    onDrain: (callback) => (drained = callback),
    onClose: (callback) => (closed = callback),
    end: () => (ended = true),
    destroy: () => closed(),
  };
  return {
    sink,
    text: () => Buffer.concat(written).toString(),
    seqs: () =>
      [
        ...Buffer.concat(written)
          .toString()
          .matchAll(/^id: (\d+)$/gm),
      ].map(([, id]) => Number(id)),
    peak: () => peak,
    isEnded: () => ended,
    take() {
      backlog = 0;
      drained();
    },
    close: () => closed(),
  };
}

function frame(seq: number, size = 20, type = 'agent.message'): StreamFrame {
  const bytes = sseFrame(type, { text: 'x'.repeat(size) }, seq);
  return { seq, eventId: `sevt_${seq}`, type, threadId: THREAD, spanId: null, bytes };
}

/** A session whose journal has `count` frames, the newest of which are held. */
function createSession(count: number, size: number, heldBytes: number) {
  const journal = Array.from({ length: count }, (_, index) => frame(index + 1, size));
  const recent = createRecentFrames(heldBytes);
  for (const stored of journal) recent.push(stored);
  const read = vi.fn(async (after: number, limit: number) => journal.slice(after, after + limit));
  return {
    journal,
    read,
    add(added: StreamFrame) {
      journal.push(added);
      recent.push(added);
    },
    get position() {
      return journal.length;
    },
    recent: (seq: number) => recent.from(seq),
  };
}

function watch(
  session: ReturnType<typeof createSession>,
  sink: FrameSink,
  options: Partial<WatcherOptions> = {},
) {
  return createWatcher({
    session,
    sink,
    requestId: 'req_1',
    threadId: THREAD,
    after: 0,
    attachedAt: session.position,
    endAt: null,
    previews: new Set(['agent.message']),
    onTold: () => undefined,
    onReadError: () => undefined,
    ...options,
  });
}

const MB = 1024 * 1024;
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const numbers = (from: number, through: number) =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

describe('a watcher', () => {
  it('gets every event once and in order, however slowly the client takes them and whatever is still held', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 1, max: 60 }),
          size: fc.integer({ min: 1, max: 150_000 }),
          held: fc.integer({ min: 1, max: MB }),
          after: fc.nat(60),
          growth: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 }),
        }),
        async ({ count, size, held, after, growth }) => {
          const session = createSession(count, size, held);
          const client = createSlowSink();
          const first = Math.min(after, count);
          const watcher = watch(session, client.sink, { after: first });
          watcher.pump();
          for (const grown of growth) {
            await settle();
            for (let index = 0; index < grown; index++) session.add(frame(session.position + 1, size));
            watcher.pump();
            client.take();
          }
          for (let round = 0; watcher.position < session.position; round++) {
            expect(round).toBeLessThan(200);
            await settle();
            client.take();
          }
          expect(client.seqs()).toEqual(numbers(first + 1, session.position));
          // What is under way when the limit is reached, and one frame more.
          expect(client.peak()).toBeLessThan(256 * 1024 + size + 1_000);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reads the store no more than the client takes', async () => {
    const session = createSession(400, 100_000, 1);
    const client = createSlowSink();
    const watcher = watch(session, client.sink);
    watcher.pump();
    for (let round = 0; round < 20; round++) await settle();
    expect(session.read.mock.calls.length).toBe(1);
    expect(client.seqs()).toEqual([1, 2, 3]);
    client.take();
    for (let round = 0; round < 20; round++) await settle();
    expect(session.read.mock.calls.length).toBe(2);
    expect(client.seqs()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('skips other threads and ends behind its last event', async () => {
    const session = createSession(3, 10, MB);
    session.add({ ...frame(4), threadId: 'sthr_other' });
    session.add(frame(5));
    const client = createSlowSink();
    const watcher = watch(session, client.sink, { endAt: 5 });
    watcher.pump();
    expect(client.seqs()).toEqual([1, 2, 3, 5]);
    expect(client.isEnded()).toBe(true);
  });

  it('ends at its end also when that is of another thread, and at once when nothing follows', () => {
    const session = createSession(3, 10, MB);
    session.add({ ...frame(4), threadId: 'sthr_other' });
    for (const after of [0, 4]) {
      const client = createSlowSink();
      watch(session, client.sink, { endAt: 4, after }).pump();
      expect(client.isEnded()).toBe(true);
    }
  });

  it('says how far its client was told: at the end of a turn, and when it goes', () => {
    const told: number[] = [];
    const session = createSession(2, 10, MB);
    session.add(frame(3, 10, 'session.status_idle'));
    session.add(frame(4));
    const client = createSlowSink();
    watch(session, client.sink, { onTold: (seq) => told.push(seq) }).pump();
    client.close();
    expect(told).toEqual([3, 4]);
    const silent = createSlowSink();
    watch(session, silent.sink, { after: 4, onTold: (seq) => told.push(seq) }).pump();
    silent.close();
    expect(told).toEqual([3, 4]);
  });

  it('tells when the store cannot be read and goes on at the next chance', async () => {
    const errors: unknown[] = [];
    const session = createSession(5, 10, 1);
    session.read.mockRejectedValueOnce(new Error('gone'));
    const client = createSlowSink();
    const watcher = watch(session, client.sink, { onReadError: (error) => errors.push(error) });
    watcher.pump();
    await settle();
    expect(errors).toHaveLength(1);
    expect(client.seqs()).toEqual([]);
    watcher.pump();
    await settle();
    expect(client.seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('drops previews, never events, when the client does not keep up', () => {
    const session = createSession(1, 10, MB);
    const client = createSlowSink();
    const watcher = watch(session, client.sink, { attachedAt: 0 });
    watcher.pump();
    const shared = { sessionId: 'sesn_1', threadId: THREAD, spanSeq: 1, eventId: 'sevt_9' };
    const start: Preview = { type: 'preview_start', eventType: 'agent.message', ...shared };
    const delta = (offset: number): Preview => ({
      type: 'preview_delta',
      index: 0,
      offset,
      text: 'y',
      ...shared,
    });
    const bytes = (text: string) => () => Buffer.from(`${text}\n`);
    watcher.preview(start, bytes('[start]'));
    watcher.preview(delta(0), bytes('[0]'));
    client.sink.write(Buffer.alloc(100_000, '\n'));
    watcher.preview(delta(1), bytes('[1]'));
    client.take();
    watcher.preview(delta(2), bytes('[2]'));
    session.add(frame(2));
    watcher.pump();
    expect(client.text()).toContain('[start]\n[0]');
    expect(client.text()).not.toMatch(/\[[12]\]/);
    expect(client.seqs()).toEqual([1, 2]);
  });
});
