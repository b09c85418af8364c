import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInMemoryBus, type InMemoryBus } from '../../providers/bus/in-memory.ts';
import { openStream, streamUrl } from '../../test/streams/open-stream.ts';
import { ids, newMessage, startStreamLab, type StreamLab } from '../../test/streams/stream-lab.ts';
import { createAttention } from './attention.ts';

let bus: InMemoryBus;
let lab: StreamLab;
beforeEach(async () => {
  bus = createInMemoryBus();
  lab = await startStreamLab({ bus });
  // The lab knows nothing of what was before it.
  await new Promise((resolve) => setTimeout(resolve, 5));
});
afterEach(() => lab.stop());

/** A turn as it is journaled, from the message to the idle. */
async function runTurn(sessionId: string): Promise<void> {
  await lab.journalAndPoke(sessionId, (writer) => {
    const id = ids.event();
    writer.append({ id, type: 'user.message', body: { id, type: 'user.message', content: [] } });
    writer.running();
    writer.append(newMessage('Hello'));
    writer.idle({ type: 'end_turn' });
  });
}
const LENGTH = 7;

describe('a stream opened just after a turn', () => {
  it('shows the turn to a client that sent before it streamed, also the second one', async () => {
    const { sessionId } = await lab.newSession();
    for (const turn of [0, 1]) {
      await runTurn(sessionId);
      const seen: string[] = [];
      const stream = await lab.client.beta.sessions.events.stream(sessionId);
      for await (const event of stream) {
        seen.push(event.type);
        if (event.type === 'session.status_idle') break;
      }
      expect(seen, `turn ${turn}`).toHaveLength(LENGTH);
      expect(seen[0]).toBe('user.message');
      await vi.waitFor(() => expect(lab.hub.open).toBe(0));
    }
  });

  it('shows nothing again to a client that had the stream open', async () => {
    const { sessionId } = await lab.newSession();
    const first = await openStream(streamUrl(lab.url, sessionId));
    await runTurn(sessionId);
    await first.until(LENGTH);
    first.close();
    const second = await openStream(streamUrl(lab.url, sessionId));
    await lab.journalAndPoke(sessionId, (writer) => writer.append(newMessage('next')));
    await second.until(1);
    expect(second.ids()).toEqual([LENGTH + 1]);
    second.close();
  });

  it('shows nothing again to a client that listed the events', async () => {
    const { sessionId } = await lab.newSession();
    await runTurn(sessionId);
    await lab.listAll(sessionId);
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await lab.journalAndPoke(sessionId, (writer) => writer.append(newMessage('next')));
    await stream.until(1);
    expect(stream.ids()).toEqual([LENGTH + 1]);
    stream.close();
  });

  it('shows nothing again to a client that another api process told', async () => {
    const other = await startStreamLab({ bus, journal: lab.journal, list: lab.list });
    const { sessionId } = await lab.newSession();
    const elsewhere = await openStream(streamUrl(other.url, sessionId));
    await runTurn(sessionId);
    await elsewhere.until(LENGTH);
    await bus.flush();
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await lab.journalAndPoke(sessionId, (writer) => writer.append(newMessage('next')));
    await stream.until(1);
    expect(stream.ids()).toEqual([LENGTH + 1]);
    stream.close();
    elsewhere.close();
    await other.stop();
  });

  it('replays what Last-Event-ID says and nothing else', async () => {
    const { sessionId } = await lab.newSession();
    await runTurn(sessionId);
    const stream = await openStream(streamUrl(lab.url, sessionId), { lastEventId: 5 });
    await stream.until(2);
    expect(stream.ids()).toEqual([6, 7]);
    stream.close();
  });

  it('begins with what comes while the turn is still going on', async () => {
    const { sessionId } = await lab.newSession();
    await lab.write(sessionId, (writer) => {
      writer.running();
      writer.append(newMessage('a'));
    });
    const stream = await openStream(streamUrl(lab.url, sessionId));
    await lab.journalAndPoke(sessionId, (writer) => writer.idle({ type: 'end_turn' }));
    await stream.until(3);
    expect(stream.ids()).toEqual([4, 5, 6]);
    stream.close();
  });
});

describe('the memory of what clients were told', () => {
  const idles = [
    { seq: 20, processedAt: 10_000 },
    { seq: 12, processedAt: 9_500 },
  ];
  const at = (now: number, before = 0) => {
    let time = before;
    const attention = createAttention({
      bus,
      list: { newestOfType: async () => idles },
      now: () => time,
    });
    time = now;
    return attention;
  };
  const session = { sessionId: 'sesn_1', busy: false, processedAt: 10_000 };

  it('counts a turn as unseen for two seconds', async () => {
    expect(await at(10_001).unseenTurn(session)).toBe(12);
    expect(await at(12_000).unseenTurn(session)).toBe(12);
    expect(await at(12_001).unseenTurn(session)).toBeNull();
  });

  it('counts no turn as unseen that ended before this process could know', async () => {
    expect(await at(10_001, 10_000).unseenTurn(session)).toBeNull();
  });

  it('counts none as unseen of which anything was told', async () => {
    const attention = at(10_001);
    attention.told('sesn_1', 12);
    attention.told('sesn_2', 20);
    expect(await attention.unseenTurn(session)).toBe(12);
    attention.told('sesn_1', 13);
    expect(await attention.unseenTurn(session)).toBeNull();
    attention.told('sesn_1', 3);
    expect(await attention.unseenTurn(session)).toBeNull();
  });

  it('counts none as unseen while the session is busy', async () => {
    expect(await at(10_001).unseenTurn({ ...session, busy: true })).toBeNull();
  });

  it('tells the other processes once of each step forward', async () => {
    const heard: unknown[] = [];
    bus.subscribeWatched((sessionId, seq) => heard.push([sessionId, seq]));
    const attention = at(0);
    for (const seq of [3, 3, 2, 4]) attention.told('sesn_1', seq);
    await bus.flush();
    expect(heard).toEqual([
      ['sesn_1', 3],
      ['sesn_1', 4],
    ]);
  });
});
