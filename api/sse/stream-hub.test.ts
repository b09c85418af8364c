import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStream, streamUrl } from '../../test/streams/open-stream.ts';
import { newMessage, startStreamLab, type StreamLab } from '../../test/streams/stream-lab.ts';
import { AppError } from '../../core/errors.ts';

let lab: StreamLab;
beforeEach(async () => {
  lab = await startStreamLab();
});
afterEach(() => lab.stop());

const append = (sessionId: string, texts: string[]) =>
  lab.journalAndPoke(sessionId, (writer) => {
    for (const text of texts) writer.append(newMessage(text));
  });
const append1 = (sessionId: string) => append(sessionId, ['x']);

describe('an event stream', () => {
  it('sends its headers at once and says what it is', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('cache-control')).toContain('no-transform');
    expect(stream.headers.get('content-encoding')).toBeNull();
    expect(stream.headers.get('request-id')).toMatch(/^req_/);
    stream.close();
  });

  it('shows what is journaled from now on, in order, with its place as id and its type as name', async () => {
    const { sessionId } = await lab.newSession();
    await append(sessionId, ['before']);
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await append(sessionId, ['a', 'b']);
    await append(sessionId, ['c']);
    const frames = await stream.until(3);
    expect(stream.ids()).toEqual([2, 3, 4]);
    expect(stream.types()).toEqual(['agent.message', 'agent.message', 'agent.message']);
    const listed = await lab.listAll(sessionId);
    expect(frames.map(({ data }) => data)).toEqual(listed.slice(1));
    stream.close();
  });

  it('replays exactly what follows the last event that the client has', async () => {
    const { sessionId } = await lab.newSession();
    for (let index = 0; index < 250; index++)
      await lab.write(sessionId, (w) => w.append(newMessage(`${index}`)));
    for (const lastEventId of [0, 1, 100, 249, 250]) {
      const stream = await openStream(streamUrl(lab.url, sessionId), { lastEventId });
      const expected = Array.from({ length: 250 - lastEventId }, (_, index) => lastEventId + 1 + index);
      await stream.until(expected.length);
      const next = await append1(sessionId);
      await stream.until(expected.length + 1);
      expect(stream.ids().slice(0, expected.length)).toEqual(expected);
      // The rounds before left events behind the first 250.
      expect(stream.ids().at(-1)).toBeLessThanOrEqual(next);
      stream.close();
    }
  });

  it.each(['abc', '-1', '1.5', '999', '1e1', '99999999999999999999'])(
    'refuses Last-Event-ID %s',
    async (lastEventId) => {
      const { sessionId } = await lab.newSession();
      await append1(sessionId);
      const { status } = await openStream(streamUrl(lab.url, sessionId), { lastEventId });
      expect(status).toBe(400);
    },
  );

  it('answers 404 for sessions and threads that the caller does not have', async () => {
    const { sessionId, threadId } = await lab.newSession();
    const foreign = await lab.newSession('another workspace');
    for (const [session, thread] of [
      ['sesn_01k2ab3cd4ef5gh6jk7mn8pq9r'],
      ['nonsense'],
      [foreign.sessionId],
      [sessionId, foreign.threadId],
      [sessionId, 'nonsense'],
      [foreign.sessionId, foreign.threadId],
    ] as const) {
      const stream = await openStream(streamUrl(lab.url, session, thread));
      expect(stream.status).toBe(404);
    }
    const own = await openStream(streamUrl(lab.url, sessionId, threadId));
    expect(own.status).toBe(200);
    own.close();
  });

  it('shows the same on the primary thread', async () => {
    const { sessionId, threadId } = await lab.newSession();
    const streams = [
      await openStream(streamUrl(lab.url, sessionId)),
      await openStream(streamUrl(lab.url, sessionId, threadId)),
    ];
    await append(sessionId, ['a', 'b']);
    const [ofSession, ofThread] = await Promise.all(streams.map((stream) => stream.until(2)));
    expect(ofSession).toEqual(ofThread);
    for (const stream of streams) stream.close();
  });

  it('ends behind session.status_terminated', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await lab.journalAndPoke(sessionId, (writer) => {
      const id = 'sevt_end';
      writer.append({
        id,
        type: 'session.status_terminated',
        body: { id, type: 'session.status_terminated' },
      });
      writer.archive();
    });
    await stream.ended;
    expect(stream.types()).toEqual(['session.status_terminated']);
  });

  it('of a terminated session replays what follows and ends', async () => {
    const { sessionId } = await lab.newSession();
    await append(sessionId, ['a', 'b']);
    await lab.write(sessionId, (writer) => {
      const id = 'sevt_end';
      writer.append({
        id,
        type: 'session.status_terminated',
        body: { id, type: 'session.status_terminated' },
      });
      writer.archive();
    });
    const [fresh, middle, done] = [
      await openStream(streamUrl(lab.url, sessionId)),
      await openStream(streamUrl(lab.url, sessionId), { lastEventId: 1 }),
      await openStream(streamUrl(lab.url, sessionId), { lastEventId: 3 }),
    ];
    await Promise.all([fresh.ended, middle.ended, done.ended]);
    expect(fresh.ids()).toEqual([]);
    expect(middle.ids()).toEqual([2, 3]);
    expect(done.ids()).toEqual([]);
  });

  it('ends with session.deleted, the same on every stream', async () => {
    const { sessionId, threadId } = await lab.newSession();
    const streams = [
      await openStream(streamUrl(lab.url, sessionId)),
      await openStream(streamUrl(lab.url, sessionId, threadId)),
    ];
    await lab.journal.deleteSession({ sessionId, caller: 'client' }, () => undefined);
    lab.bus.publish({ type: 'deleted', sessionId });
    await Promise.all(streams.map((stream) => stream.ended));
    expect(streams[0]?.types()).toEqual(['session.deleted']);
    expect(streams[0]?.frames).toEqual(streams[1]?.frames);
    expect((await openStream(streamUrl(lab.url, sessionId))).status).toBe(404);
  });

  it('finds out by itself, within a second or so, what nobody told it', async () => {
    const { sessionId } = await lab.newSession();
    const deleted = await lab.newSession();
    const [stream, ending] = [
      await openStream(streamUrl(lab.url, sessionId)),
      await openStream(streamUrl(lab.url, deleted.sessionId)),
    ];
    await lab.write(sessionId, (writer) => writer.append(newMessage('a')));
    await lab.journal.deleteSession({ sessionId: deleted.sessionId, caller: 'client' }, () => undefined);
    await stream.until(1);
    await ending.ended;
    expect(ending.types()).toEqual(['session.deleted']);
    stream.close();
  });

  it('ends when the store was put back before what it has shown, and shows what stands when opened again', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await append(sessionId, ['kept', 'lost', 'lost too']);
    await stream.until(3);
    lab.putBack(sessionId, 1);
    await stream.ended;
    expect(lab.problems).toHaveLength(1);
    const again = await openStream(streamUrl(lab.url, sessionId), { lastEventId: 1 });
    await append(sessionId, ['found']);
    await again.until(1);
    expect(again.ids()).toEqual([2]);
    expect(await lab.listAll(sessionId)).toHaveLength(2);
    again.close();
  });

  it('looks into the store at once when the bus had a gap', async () => {
    const bus = await import('../../providers/bus/in-memory.ts').then((module) => module.createInMemoryBus());
    const lastSeqs = vi.spyOn(lab.journal, 'lastSeqs');
    const other = await startStreamLab({ bus, journal: lab.journal, list: lab.list });
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(other.url, sessionId));
    await lab.write(sessionId, (writer) => writer.append(newMessage('a')));
    const before = lastSeqs.mock.calls.length;
    bus.breakConnection();
    expect(lastSeqs.mock.calls.length).toBe(before + 1);
    await stream.until(1);
    stream.close();
    await other.stop();
  });

  it('reads each event once for all who watch', async () => {
    const { sessionId } = await lab.newSession();
    const eventsAfter = vi.spyOn(lab.journal, 'eventsAfter');
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => openStream(streamUrl(lab.url, sessionId))),
    );
    await append(sessionId, ['a', 'b', 'c']);
    await Promise.all(streams.map((stream) => stream.until(3)));
    expect(eventsAfter.mock.calls.length).toBeLessThanOrEqual(3);
    for (const stream of streams) expect(stream.frames).toEqual(streams[0]?.frames);
    for (const stream of streams) stream.close();
    await vi.waitFor(() => expect(lab.hub.open).toBe(0));
  });

  it('goes on when the store comes back', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    const failure = new AppError('unavailable', 'The database cannot be reached.');
    const eventsAfter = vi.spyOn(lab.journal, 'eventsAfter').mockRejectedValueOnce(failure);
    await append(sessionId, ['a']);
    await stream.until(1);
    expect(lab.problems).toContain(failure);
    expect(eventsAfter.mock.calls.length).toBeGreaterThan(1);
    stream.close();
  });

  it('says what is wrong on the stream when an event can never be read', async () => {
    const broken = await startStreamLab({
      hydrate: async () => {
        throw new AppError('not_found', 'A blob is lost.');
      },
    });
    const { sessionId } = await broken.newSession();
    const stream = await openStream(streamUrl(broken.url, sessionId));
    await broken.journalAndPoke(sessionId, (writer) => writer.append(newMessage('a')));
    await stream.ended;
    expect(stream.types()).toEqual(['error']);
    await broken.stop();
  });

  it('closes those on which most lies untaken, when it is too much together', async () => {
    const own = await startStreamLab({ untakenBytes: 8_000_000 });
    const { sessionId } = await own.newSession();
    await own.write(sessionId, (writer) => writer.append(newMessage('x'.repeat(30_000_000))));
    const url = new URL(streamUrl(own.url, sessionId));
    const opened: string[] = [];
    own.server.once('connection', (socket) => socket.once('close', () => opened.push('untaken closed')));
    const untaken = connect(Number(url.port), url.hostname, () =>
      untaken.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nlast-event-id: 0\r\n\r\n`),
    );
    untaken.on('error', () => undefined).pause();
    await new Promise((resolve) => untaken.once('connect', resolve));
    const reading = await openStream(url.href, { lastEventId: 1 });
    // What the connection itself holds is a few megabytes; the server has let go of the rest with the stream.
    await vi.waitFor(() => expect(opened).toEqual(['untaken closed']), { timeout: 10_000 });
    expect(own.hub.open).toBe(1);
    await own.journalAndPoke(sessionId, (writer) => writer.append(newMessage('more')));
    await reading.until(1);
    reading.close();
    untaken.destroy();
    await own.stop();
  });

  it('ends all streams while draining and takes no new ones', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    lab.hub.drain();
    await stream.ended;
    expect(stream.frames).toEqual([]);
    const refused = await openStream(streamUrl(lab.url, sessionId));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
  });

  it('answers HEAD with its headers alone', async () => {
    const { sessionId } = await lab.newSession();
    await append1(sessionId);
    const answer = await fetch(streamUrl(lab.url, sessionId), {
      method: 'HEAD',
      headers: { 'last-event-id': '0' },
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });

  it('is what the SDK reads', async () => {
    const { sessionId } = await lab.newSession();
    const stream = await lab.client.beta.sessions.events.stream(sessionId);
    await append(sessionId, ['a', 'b']);
    const seen: string[] = [];
    for await (const event of stream) {
      seen.push(event.type);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['agent.message', 'agent.message']);
    await vi.waitFor(() => expect(lab.hub.open).toBe(0));
  });
});
