import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStream, streamUrl } from '../../test/streams/open-stream.ts';
import { ids, newMessage, startStreamLab, type StreamLab } from '../../test/streams/stream-lab.ts';

let lab: StreamLab;
beforeEach(async () => {
  lab = await startStreamLab();
});
afterEach(() => lab.stop());

const message = (text: string) => {
  const id = ids.event();
  return {
    id,
    type: 'user.message',
    body: { id, type: 'user.message', content: [{ type: 'text', text }] },
  };
};

interface ListAnswer {
  status: number;
  body: { data: { id: string; type: string; processed_at: string | null }[]; next_page: string | null };
}
async function get(path: string): Promise<ListAnswer> {
  const response = await fetch(`${lab.url}${path}`);
  return { status: response.status, body: (await response.json()) as ListAnswer['body'] };
}

describe('the list of a session’s events', () => {
  it('is what the SDK pages through, queued events last and without a time', async () => {
    const { sessionId, threadId } = await lab.newSession();
    await lab.write(sessionId, (writer) => {
      for (let index = 0; index < 25; index++) writer.append(newMessage(`${index}`));
      writer.enqueue(message('waits'));
      writer.enqueue({ id: ids.event(), type: 'internal.close', body: {} });
    });
    const events = [];
    for await (const event of lab.client.beta.sessions.events.list(sessionId, { limit: 10 }))
      events.push(event);
    expect(events).toHaveLength(26);
    expect(events.map(({ type }) => type)).toEqual([...Array(25).fill('agent.message'), 'user.message']);
    expect(events.slice(0, 25).every((event) => typeof event.processed_at === 'string')).toBe(true);
    expect(events[25]).toMatchObject({ processed_at: null });

    const ofThread = [];
    for await (const event of lab.client.beta.sessions.threads.events.list(threadId, {
      session_id: sessionId,
      limit: 7,
    })) {
      ofThread.push(event);
    }
    expect(ofThread).toEqual(events);

    const backwards = [];
    for await (const event of lab.client.beta.sessions.events.list(sessionId, { limit: 4, order: 'desc' }))
      backwards.push(event);
    expect(backwards).toEqual(events.toReversed());
  });

  it('ends with next_page null, also when it is empty', async () => {
    const { sessionId } = await lab.newSession();
    expect(await get(`/v1/sessions/${sessionId}/events`)).toEqual({
      status: 200,
      body: { data: [], next_page: null },
    });
  });

  it('takes types and times', async () => {
    const { sessionId } = await lab.newSession();
    await lab.write(sessionId, (writer) => {
      writer.append(message('a'));
      writer.append(newMessage('b'));
      writer.enqueue(message('c'));
    });
    const path = `/v1/sessions/${sessionId}/events`;
    const types = await get(`${path}?types[]=user.message&types%5B%5D=agent.thinking`);
    expect(types.body.data.map(({ type }) => type)).toEqual(['user.message', 'user.message']);
    const time = types.body.data[0]?.processed_at ?? '';
    const within = await get(`${path}?created_at[gte]=${time}`);
    expect(within.body.data).toHaveLength(2);
    const precise = time.replace('Z', '001Z');
    expect((await get(`${path}?created_at[gte]=${precise}`)).body.data).toHaveLength(0);
    expect((await get(`${path}?created_at[lt]=${precise}`)).body.data).toHaveLength(2);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'order=up',
    'types[]=session.deleted',
    'types[]=internal.close',
    'created_at[gt]=yesterday',
    'page=nonsense',
    `page=${Buffer.from('{"thread":"sthr_1","at":{"order":"asc","seq":1,"arrival":0}}').toString('base64url')}`,
    `page=${Buffer.from('{"at":{"order":"asc","seq":-1}}').toString('base64url')}`,
  ])('refuses %s', async (query) => {
    const { sessionId } = await lab.newSession();
    const { status, body } = await get(`/v1/sessions/${sessionId}/events?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  });

  it('refuses a cursor with another order, of another session, or outside of the times', async () => {
    const [one, two] = [await lab.newSession(), await lab.newSession()];
    for (const { sessionId } of [one, two]) {
      await lab.write(sessionId, (writer) => {
        for (let index = 0; index < 3; index++) writer.append(newMessage(`${index}`));
      });
    }
    const path = `/v1/sessions/${one.sessionId}/events`;
    const cursor = (await get(`${path}?limit=2`)).body.next_page ?? '';
    expect((await get(`${path}?page=${cursor}`)).body.data).toHaveLength(1);
    expect((await get(`${path}?page=${cursor}&limit=1&types[]=agent.message`)).body.data).toHaveLength(1);
    expect((await get(`${path}?page=${cursor}&order=desc`)).status).toBe(400);
    expect((await get(`/v1/sessions/${two.sessionId}/events?page=${cursor}`)).status).toBe(400);
    expect((await get(`${path}?page=${cursor}&created_at[gt]=2200-01-01T00:00:00Z`)).status).toBe(400);
    expect((await get(`${path}?page=${cursor}&created_at[gt]=2000-01-01T00:00:00Z`)).status).toBe(200);
  });

  it('answers 404 for what the caller does not have', async () => {
    const [own, foreign] = [await lab.newSession(), await lab.newSession('another workspace')];
    for (const path of [
      `/v1/sessions/${foreign.sessionId}/events`,
      '/v1/sessions/sesn_01k2ab3cd4ef5gh6jk7mn8pq9r/events',
      `/v1/sessions/${own.sessionId}/threads/${foreign.threadId}/events`,
      `/v1/sessions/${foreign.sessionId}/threads/${foreign.threadId}/events`,
    ]) {
      expect((await get(path)).status).toBe(404);
    }
  });

  it('ends a page before large events make it too large, and loses none', async () => {
    const large = await startStreamLab({
      hydrate: async (_workspaceId, body) => ({
        ...Object.fromEntries(Object.entries(body).filter(([key]) => key !== '$blobs')),
        restored: true,
      }),
    });
    const { sessionId } = await large.newSession();
    await large.write(sessionId, (writer) => {
      for (let index = 0; index < 10; index++) {
        const event = message(`${index}`);
        const $blobs = [{ path: ['content', 0, 'text'], sha256: 'x', bytes: 12 * 1024 * 1024 }];
        writer.append({ ...event, body: { ...event.body, $blobs } });
      }
    });
    const sizes: number[] = [];
    const seen: object[] = [];
    for await (const page of (await large.client.beta.sessions.events.list(sessionId)).iterPages()) {
      sizes.push(page.data.length);
      seen.push(...page.data);
    }
    expect(sizes).toEqual([2, 2, 2, 2, 2]);
    expect(seen.every((event) => 'restored' in event && !('$blobs' in event))).toBe(true);
    await large.stop();
  });

  it('has all that a stream does not show, when the stream’s headers are there', async () => {
    const { sessionId } = await lab.newSession();
    const stop = new AbortController();
    const written: string[] = [];
    const writer = (async () => {
      while (!stop.signal.aborted) {
        await lab.journalAndPoke(sessionId, (journal) => {
          const event = newMessage('x');
          written.push(event.id);
          journal.append(event);
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 20; round++) {
      const stream = await openStream(streamUrl(lab.url, sessionId));
      const listed = (await lab.listAll(sessionId)).map(({ id }) => id);
      await stream.until(3);
      const streamed = stream.frames.map(({ data }) => ('id' in data ? data.id : ''));
      stream.close();
      const seen = [...listed, ...streamed.filter((id) => !listed.includes(id))];
      expect(seen).toEqual(written.slice(0, seen.length));
    }
    stop.abort();
    await writer;
  });
});
