import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStream, streamUrl } from '../../test/streams/open-stream.ts';
import { newMessage, startStreamLab } from '../../test/streams/stream-lab.ts';
import { peerKey } from './dead-peers.ts';

// Only what happens by the clock of the hub is moved by hand; the network runs as it is.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('by the clock', () => {
  it('every stream gets one ping in ten seconds, however many there are', async () => {
    const lab = await startStreamLab();
    const { sessionId } = await lab.newSession();
    const streams = await Promise.all(
      Array.from({ length: 25 }, () => openStream(streamUrl(lab.url, sessionId))),
    );
    for (const rounds of [1, 2, 3]) {
      vi.advanceTimersByTime(10_000);
      await eventually(() => {
        for (const stream of streams) expect(stream.pings()).toBe(rounds);
      });
    }
    for (const stream of streams) expect(stream.frames).toEqual([]);
    for (const stream of streams) stream.close();
    await lab.stop();
  });

  it('one query a second looks for what nobody told, however many streams are open', async () => {
    const lab = await startStreamLab();
    const sessions = [await lab.newSession(), await lab.newSession()];
    const streams = await Promise.all(
      [0, 0, 1, 1].map((index) => openStream(streamUrl(lab.url, sessions[index]?.sessionId ?? ''))),
    );
    const lastSeqs = vi.spyOn(lab.journal, 'lastSeqs');
    for (const { sessionId } of sessions)
      await lab.write(sessionId, (writer) => writer.append(newMessage('a')));
    vi.advanceTimersByTime(1_000);
    for (const stream of streams) await stream.until(1);
    expect(lastSeqs).toHaveBeenCalledTimes(1);
    for (const stream of streams) stream.close();
    await lab.stop();
  });

  it('connections whose client is gone without a word are closed', async () => {
    const dead = new Set<string>();
    const lab = await startStreamLab({ deadPeers: async () => dead });
    const { sessionId } = await lab.newSession();
    const living = await openStream(streamUrl(lab.url, sessionId));
    const gone: (string | null)[] = [];
    lab.server.once('connection', (socket) => gone.push(peerKey(socket)));
    const lost = await fetch(streamUrl(lab.url, sessionId), { headers: { connection: 'close' } });
    dead.add(gone[0] ?? '');
    await eventually(() => expect(lab.hub.open).toBe(2));
    vi.advanceTimersByTime(10_000);
    await eventually(() => expect(lab.hub.open).toBe(1));
    await expect(lost.text()).rejects.toThrow();
    living.close();
    await lab.stop();
  });
});
