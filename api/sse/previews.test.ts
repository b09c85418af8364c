import {
  accumulateManagedAgentsEvent,
  type AccumulatedEvent,
} from '@anthropic-ai/sdk/lib/sessions/accumulate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPreviewPublisher } from '../../providers/bus/preview-publisher.ts';
import type { ModelStreamPart } from '../../providers/model/model-provider.ts';
import { openStream, streamUrl, type OpenStream } from '../../test/streams/open-stream.ts';
import { ids, newMessage, startStreamLab, type StreamLab } from '../../test/streams/stream-lab.ts';

const BOTH = 'event_deltas[]=agent.message&event_deltas[]=agent.thinking';

let lab: StreamLab;
beforeEach(async () => {
  lab = await startStreamLab();
});
afterEach(() => lab.stop());

const simple = (type: 'span.model_request_start' | 'agent.thinking', id: string) => ({
  id,
  type,
  body: { id, type },
});

/** Opens a model request, as a worker does, with a publisher for it. */
async function beginRequest(session: { sessionId: string; threadId: string }) {
  const spanId = ids.event();
  const spanSeq = await lab.journalAndPoke(session.sessionId, (writer) =>
    writer.append(simple('span.model_request_start', spanId)),
  );
  const publisher = createPreviewPublisher(lab.bus, { ...session, spanSeq, newEventId: ids.event });
  return {
    spanId,
    spanSeq,
    publisher,
    say(...parts: ModelStreamPart[]) {
      for (const part of parts) publisher.part(part);
    },
    end: (work: Parameters<StreamLab['write']>[1] = () => undefined) =>
      lab.journalAndPoke(session.sessionId, (writer) => {
        work(writer);
        const id = ids.event();
        const type = 'span.model_request_end';
        writer.append({ id, type, body: { id, type, model_request_start_id: spanId } });
      }),
  };
}

const text = (index: number, piece: string): ModelStreamPart => ({ type: 'text-delta', index, text: piece });
const begin = (index: number, block: 'text' | 'thinking' | 'tool_use'): ModelStreamPart => ({
  type: 'block-start',
  index,
  block,
});
const until = async (stream: OpenStream, type: string) => {
  for (let count = 1; !stream.types().includes(type); count++) await stream.until(count);
};

describe('previews', () => {
  it('show a message while it is written, between the beginning of its span and the message itself', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const request = await beginRequest(session);
    request.say(begin(0, 'thinking'), begin(1, 'text'), text(1, 'Hello '), text(1, 'world'));
    request.say(begin(2, 'text'), text(2, '!'));
    await lab.bus.flush();
    const [thinking] = request.publisher.blockIds.thinking;
    const [message] = request.publisher.blockIds.text;
    await request.end((writer) => {
      writer.append(simple('agent.thinking', thinking ?? ''));
      writer.append({
        id: message ?? '',
        type: 'agent.message',
        body: {
          id: message ?? '',
          type: 'agent.message',
          content: [
            { type: 'text', text: 'Hello world' },
            { type: 'text', text: '!' },
          ],
        },
      });
    });
    await until(stream, 'span.model_request_end');
    expect(stream.types()).toEqual([
      'span.model_request_start',
      'event_start',
      'event_start',
      'event_delta',
      'event_delta',
      'event_delta',
      'agent.thinking',
      'agent.message',
      'span.model_request_end',
    ]);
    expect(stream.ids()).toEqual([1, null, null, null, null, null, 2, 3, 4]);
    let accumulated: AccumulatedEvent | undefined;
    for (const { data } of stream.frames.slice(0, 6)) {
      accumulated = accumulateManagedAgentsEvent(accumulated, data);
    }
    const final = stream.frames[7]?.data;
    expect(final).toMatchObject({ type: 'agent.message', id: message, content: accumulated?.content });
    stream.close();
  });

  it('come only to those who asked for them, and only of the events asked for', async () => {
    const session = await lab.newSession();
    const url = streamUrl(lab.url, session.sessionId);
    const streams = [
      await openStream(url),
      await openStream(url, { query: 'event_deltas[]=agent.message' }),
      await openStream(url, { query: 'event_deltas=agent.thinking' }),
      await openStream(streamUrl(lab.url, session.sessionId, session.threadId), { query: BOTH }),
    ];
    const request = await beginRequest(session);
    request.say(begin(0, 'thinking'), begin(1, 'text'), text(1, 'a'));
    await lab.bus.flush();
    await request.end();
    for (const stream of streams) await until(stream, 'span.model_request_end');
    const counts = streams.map((stream) => stream.types().filter((type) => type.startsWith('event_')));
    expect(counts).toEqual([
      [],
      ['event_start', 'event_delta'],
      ['event_start'],
      ['event_start', 'event_start', 'event_delta'],
    ]);
    for (const stream of streams) stream.close();
  });

  it('of another thread are not shown', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const request = await beginRequest(session);
    const other = createPreviewPublisher(lab.bus, {
      sessionId: session.sessionId,
      threadId: 'sthr_child',
      spanSeq: request.spanSeq,
      newEventId: ids.event,
    });
    other.part(text(0, 'a'));
    await lab.bus.flush();
    await request.end();
    await until(stream, 'span.model_request_end');
    expect(stream.types()).toEqual(['span.model_request_start', 'span.model_request_end']);
    stream.close();
  });

  it('wait for the beginning of their span, also when it is read late', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const spanId = ids.event();
    const spanSeq = await lab.write(session.sessionId, (writer) =>
      writer.append(simple('span.model_request_start', spanId)),
    );
    // Nobody said that the journal grew: the preview itself says it.
    const publisher = createPreviewPublisher(lab.bus, { ...session, spanSeq, newEventId: ids.event });
    publisher.part(text(0, 'a'));
    publisher.part(text(0, 'b'));
    await stream.until(3);
    expect(stream.types().slice(0, 2)).toEqual(['span.model_request_start', 'event_start']);
    stream.close();
  });

  it('of a request that was under way when the client came are not shown, those of the next are', async () => {
    const session = await lab.newSession();
    const watching = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const request = await beginRequest(session);
    request.say(begin(0, 'text'), text(0, 'a'));
    await watching.until(3);
    const late = [
      await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH }),
      await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH, lastEventId: 0 }),
    ];
    request.say(text(0, 'b'), begin(1, 'thinking'));
    await watching.until(5);
    await request.end();
    const next = await beginRequest(session);
    next.say(text(0, 'c'));
    await late[0]?.until(4);
    await late[1]?.until(5);
    expect(late[0]?.types()).toEqual([
      'span.model_request_end',
      'span.model_request_start',
      'event_start',
      'event_delta',
    ]);
    expect(late[1]?.types()[0]).toBe('span.model_request_start');
    expect(late[1]?.types().slice(1)).toEqual(late[0]?.types());
    for (const stream of [watching, ...late]) stream.close();
  });

  it('of an attempt that is over are dropped', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const first = await beginRequest(session);
    first.say(text(0, 'a'));
    await stream.until(3);
    await first.end();
    const second = await beginRequest(session);
    // The first attempt's worker was stopped and goes on now.
    first.say(text(0, 'b'), begin(1, 'thinking'));
    second.say(text(0, 'c'));
    first.say(text(0, 'd'));
    await lab.bus.flush();
    await second.end();
    await stream.until(8);
    expect(stream.types()).toEqual([
      'span.model_request_start',
      'event_start',
      'event_delta',
      'span.model_request_end',
      'span.model_request_start',
      'event_start',
      'event_delta',
      'span.model_request_end',
    ]);
    const [before, after] = [stream.frames[1], stream.frames[5]].map((frame) => JSON.stringify(frame?.data));
    expect(before).not.toBe(after);
    stream.close();
  });

  it('show no more of an event of which a piece is missing', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const request = await beginRequest(session);
    request.say(text(0, 'a'));
    await stream.until(3);
    const [eventId = ''] = request.publisher.blockIds.text;
    const { sessionId, threadId } = session;
    const delta = {
      type: 'preview_delta',
      sessionId,
      threadId,
      spanSeq: request.spanSeq,
      eventId,
      index: 0,
    } as const;
    lab.bus.publish({ ...delta, offset: 2, text: 'c' });
    lab.bus.publish({ ...delta, offset: 1, text: 'b' });
    await lab.bus.flush();
    await request.end();
    await until(stream, 'span.model_request_end');
    expect(stream.types().filter((type) => type === 'event_delta')).toHaveLength(1);
    stream.close();
  });

  it('start an event once and show nothing of it behind the event itself', async () => {
    const session = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, session.sessionId), { query: BOTH });
    const request = await beginRequest(session);
    request.say(text(0, 'a'));
    const [eventId = ''] = request.publisher.blockIds.text;
    const { sessionId, threadId } = session;
    const start = { sessionId, threadId, spanSeq: request.spanSeq, eventId } as const;
    lab.bus.publish({ type: 'preview_start', eventType: 'agent.message', ...start });
    await stream.until(3);
    // The message without the end of its span, as a page of the journal may end between the two.
    await lab.journalAndPoke(sessionId, (writer) => writer.append(newMessage('ab', eventId)));
    await stream.until(4);
    request.say(text(0, 'b'));
    await lab.bus.flush();
    await request.end();
    await until(stream, 'span.model_request_end');
    expect(stream.types()).toEqual([
      'span.model_request_start',
      'event_start',
      'event_delta',
      'agent.message',
      'span.model_request_end',
    ]);
    stream.close();
  });

  it.each([
    ['another event', 'event_deltas[]=agent.tool_use'],
    ['another event beside a known one', 'event_deltas[]=agent.message&event_deltas[]=x'],
    ['more than a hundred values', Array(101).fill('event_deltas[]=agent.message').join('&')],
  ])('are refused for %s', async (_what, query) => {
    const { sessionId } = await lab.newSession();
    const stream = await openStream(streamUrl(lab.url, sessionId), { query });
    expect(stream.status).toBe(400);
  });

  it('may be asked for a hundred times', async () => {
    const { sessionId } = await lab.newSession();
    const query = Array.from({ length: 100 }, () => 'event_deltas%5B%5D=agent.message').join('&');
    const stream = await openStream(streamUrl(lab.url, sessionId), { query });
    expect(stream.status).toBe(200);
    stream.close();
  });
});
