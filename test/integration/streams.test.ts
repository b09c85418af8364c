import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPreviewPublisher } from '../../providers/bus/preview-publisher.ts';
import { openPostgresBus } from '../../providers/bus/postgres/postgres-bus.ts';
import { openDatabase } from '../../providers/store/postgres/database.ts';
import { createPostgresEventList } from '../../providers/store/postgres/event-list.ts';
import { createPostgresJournal } from '../../providers/store/postgres/journal.ts';
import { migrate } from '../../providers/store/postgres/migrate.ts';
import { openStream, streamUrl } from '../streams/open-stream.ts';
import { ids, newMessage, startStreamLab, type StreamLab } from '../streams/stream-lab.ts';
import { startTestPostgres, type TestPostgres } from '../streams/test-postgres.ts';

let postgres: TestPostgres;
/** Two api processes' worth of streams on one store. */
let apis: (StreamLab & { close: () => Promise<void> })[];

async function startApi() {
  const database = openDatabase({ url: postgres.url });
  await migrate(database);
  const bus = await openPostgresBus({
    url: postgres.url,
    channels: ['streams', 'watched'],
    onProblem: () => undefined,
  });
  const journal = createPostgresJournal(database);
  const lab = await startStreamLab({ bus, journal, list: createPostgresEventList(database) });
  return {
    ...lab,
    close: async () => {
      await lab.stop();
      await database.close();
    },
  };
}

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  apis = [await startApi(), await startApi()];
});
afterEach(async () => {
  for (const api of apis) await api.close();
});

const api = (index = 0) => {
  const found = apis[index];
  if (!found) throw new Error('no such api');
  return found;
};

/** Journals one event, whatever happens to the store meanwhile, exactly once. */
async function appendSurely(sessionId: string, text: string, poke: 'poked' | 'unpoked'): Promise<void> {
  const event = newMessage(text);
  for (;;) {
    try {
      if (await api().journal.event(sessionId, event.id)) return;
      const seq = await api().write(sessionId, (writer) => writer.append(event));
      if (poke === 'poked') api().bus.publish({ type: 'grew', sessionId, seq });
      return;
    } catch {
      await delay(5);
    }
  }
}

/** Follows a session as a client that loses its connection again and again, and goes on behind its last event. */
async function followWithReconnects(sessionId: string, wanted: number): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < wanted) {
    const url = streamUrl(api(randomInt(2)).url, sessionId);
    const stream = await openStream(url, { lastEventId: seen.at(-1) ?? 0 });
    if (stream.status === 200) {
      const end = Date.now() + randomInt(1, 60);
      while (Date.now() < end && seen.length + stream.frames.length < wanted) await delay(1);
    } else {
      expect(stream.status).toBe(503);
      await delay(5);
    }
    stream.close();
    // What came until now was seen; nothing that is still under way is.
    seen.push(...stream.frames.map(({ id }) => id ?? -1));
  }
  return seen;
}

/** Follows as the API documents it: open a stream, list everything, then go on with the stream. */
async function followByListing(sessionId: string, wanted: number): Promise<string[]> {
  const seen = new Set<string>();
  while (seen.size < wanted) {
    const lab = api(randomInt(2));
    const stream = await openStream(streamUrl(lab.url, sessionId));
    try {
      if (stream.status !== 200) continue;
      for (const { id } of await lab.listAll(sessionId)) seen.add(id);
      const end = Date.now() + randomInt(1, 60);
      while (Date.now() < end && seen.size < wanted) {
        await delay(1);
        for (const { data } of stream.frames) if ('id' in data) seen.add(data.id);
      }
    } catch {
      await delay(5);
    } finally {
      stream.close();
    }
  }
  return [...seen];
}

const COUNT = 400;

describe('streams on PostgreSQL', () => {
  it('lose and double nothing, however often clients reconnect and connections to the store are cut', async () => {
    const { sessionId } = await api().newSession();
    const steady = await openStream(streamUrl(api(1).url, sessionId));
    const stop = new AbortController();
    const chaos = (async () => {
      while (!stop.signal.aborted) {
        await delay(randomInt(20, 150));
        await postgres.killBackends(randomInt(2) === 0 ? 'managed-agent bus' : 'managed-agent');
      }
    })();
    const writing = (async () => {
      for (let index = 0; index < COUNT; index++) {
        await appendSurely(sessionId, `${index}`, randomInt(4) === 0 ? 'unpoked' : 'poked');
        if (index % 10 === 0) await delay(randomInt(10));
      }
    })();
    const [reconnected, listed] = await Promise.all([
      followWithReconnects(sessionId, COUNT),
      followByListing(sessionId, COUNT),
      writing,
    ]);
    stop.abort();
    await chaos;
    await steady.until(COUNT);
    const log = await vi.waitFor(() => api().journal.eventsAfter(sessionId, 0, COUNT + 1));
    const seqs = Array.from({ length: COUNT }, (_, index) => index + 1);
    expect(log.map(({ seq }) => seq)).toEqual(seqs);
    expect(reconnected).toEqual(seqs);
    expect(steady.ids()).toEqual(seqs);
    expect(listed).toEqual(log.map(({ id }) => id));
    steady.close();
  });

  it('go on after PostgreSQL was stopped and started', async () => {
    const { sessionId } = await api().newSession();
    const stream = await openStream(streamUrl(api().url, sessionId));
    await appendSurely(sessionId, 'a', 'poked');
    await stream.until(1);
    await postgres.halt();
    const refused = await openStream(streamUrl(api(1).url, sessionId));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    await postgres.resume();
    await appendSurely(sessionId, 'b', 'unpoked');
    await stream.until(2);
    expect(stream.ids()).toEqual([1, 2]);
    stream.close();
  });

  it('show previews of another process, in full', async () => {
    const session = await api().newSession();
    const query = 'event_deltas[]=agent.message';
    const stream = await openStream(streamUrl(api(1).url, session.sessionId), { query });
    const spanId = ids.event();
    const begin = { id: spanId, type: 'span.model_request_start' };
    const spanSeq = await api().journalAndPoke(session.sessionId, (writer) =>
      writer.append({ ...begin, body: begin }),
    );
    const publisher = createPreviewPublisher(api().bus, { ...session, spanSeq, newEventId: ids.event });
    const pieces = Array.from({ length: 2_000 }, (_, index) => `${index} 😀\n`);
    for (const piece of pieces) publisher.part({ type: 'text-delta', index: 0, text: piece });
    await api().bus.flush();
    const [messageId = ''] = publisher.blockIds.text;
    await api().journalAndPoke(session.sessionId, (writer) => {
      writer.append(newMessage(pieces.join(''), messageId));
      const end = { id: ids.event(), type: 'span.model_request_end', model_request_start_id: spanId };
      writer.append({ id: end.id, type: end.type, body: end });
    });
    await vi.waitFor(() => expect(stream.types()).toContain('span.model_request_end'), 20_000);
    let text = '';
    for (const { data } of stream.frames) {
      if (data.type === 'event_delta') text += data.delta.content.text;
    }
    expect(text).toBe(pieces.join(''));
    expect(stream.types().at(-2)).toBe('agent.message');
    stream.close();
  });

  it('bring a client that reads a byte now and then everything in the end, and others at once', async () => {
    const session = await api().newSession();
    const { sessionId } = session;
    const url = new URL(streamUrl(api().url, sessionId));
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    const taken: Buffer[] = [];
    // Nothing is read before `read` is called, and then one byte.
    socket.pause();
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
    await vi.waitFor(() => expect(api().hub.open).toBe(1), 20_000);
    const others = await Promise.all(
      Array.from({ length: 10 }, () => openStream(streamUrl(api().url, sessionId))),
    );
    const trickle = setInterval(() => {
      const bytes = socket.read(1) as Buffer | null;
      if (bytes) taken.push(bytes);
    }, 100);
    const text = 'x'.repeat(100_000);
    for (let index = 0; index < 200; index++) await appendSurely(sessionId, `${index} ${text}`, 'poked');
    for (const stream of others) await stream.until(200);
    for (const stream of others) expect(stream.frames).toEqual(others[0]?.frames);
    clearInterval(trickle);
    socket.on('data', (bytes: Buffer) => taken.push(bytes));
    socket.resume();
    await vi.waitFor(() => expect(Buffer.concat(taken).toString()).toContain('id: 200\n'), {
      timeout: 60_000,
      interval: 100,
    });
    const seen = [
      ...Buffer.concat(taken)
        .toString()
        .matchAll(/^id: (\d+)$/gm),
    ].map(([, id]) => Number(id));
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    socket.destroy();
    for (const stream of others) stream.close();
  });
});
