import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Bus, BusMessage } from './bus.ts';

/** Two ends of one bus, as two processes have them. In memory both may be the same object. */
export interface BusPair {
  sender: Bus;
  receiver: Bus;
  /** Breaks the receiver's connection, so that it has to make a new one. */
  breakReceiver(): Promise<void>;
  close(): Promise<void>;
}

/** What every bus keeps. */
export function busContract(name: string, makePair: () => Promise<BusPair>): void {
  describe(`the bus, ${name}`, () => {
    const open: BusPair[] = [];
    const make = async () => {
      const pair = await makePair();
      open.push(pair);
      return pair;
    };
    afterEach(async () => {
      for (const pair of open.splice(0)) await pair.close();
    });
    const listen = (bus: Bus, sessionId: string) => {
      const messages: BusMessage[] = [];
      const gaps: number[] = [];
      const stop = bus.subscribe(
        sessionId,
        (message) => messages.push(message),
        () => gaps.push(messages.length),
      );
      return { messages, gaps, stop };
    };
    const arrives = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 2 });

    it('brings a message to every subscriber of its session and to nobody else', async () => {
      const { sender, receiver } = await make();
      const [one, two, other] = [
        listen(receiver, 'sesn_1'),
        listen(receiver, 'sesn_1'),
        listen(receiver, 'sesn_2'),
      ];
      sender.publish({ type: 'grew', sessionId: 'sesn_1', seq: 7 });
      sender.publish({ type: 'deleted', sessionId: 'sesn_2' });
      await arrives(() => expect(other.messages).toHaveLength(1));
      const message = { type: 'grew', sessionId: 'sesn_1', seq: 7 };
      expect(one.messages).toEqual([message]);
      expect(two.messages).toEqual([message]);
      expect(other.messages).toEqual([{ type: 'deleted', sessionId: 'sesn_2' }]);
    });

    it('brings previews whole and in order, however long they are and whatever characters they hold', async () => {
      const { sender, receiver } = await make();
      const seen = listen(receiver, 'sesn_1');
      const preview = { sessionId: 'sesn_1', threadId: 'sthr_1', spanSeq: 4, eventId: 'sevt_1' };
      const pieces = [
        'a',
        '',
        '\u0000 \ud800 "quoted" \n\nevent: x\n',
        '😀'.repeat(9_000),
        '\u2028',
        'é'.repeat(5_000),
      ];
      sender.publish({ type: 'preview_start', eventType: 'agent.message', ...preview });
      let offset = 0;
      for (const text of pieces) {
        sender.publish({ type: 'preview_delta', ...preview, index: 0, offset, text });
        offset += text.length;
      }
      sender.publish({ type: 'grew', sessionId: 'sesn_1', seq: 9 });
      await arrives(() => expect(seen.messages.at(-1)?.type).toBe('grew'));
      const [start, ...deltas] = seen.messages.slice(0, -1);
      expect(start).toEqual({ type: 'preview_start', eventType: 'agent.message', ...preview });
      let text = '';
      for (const delta of deltas) {
        if (delta.type !== 'preview_delta') throw new Error(`unexpected ${delta.type}`);
        expect(delta).toEqual({
          type: 'preview_delta',
          ...preview,
          index: 0,
          offset: text.length,
          text: delta.text,
        });
        text += delta.text;
      }
      expect(text).toBe(pieces.join(''));
    });

    it('brings interrupts to workers, and what was watched to apis, of all sessions', async () => {
      const { sender, receiver } = await make();
      const heard: unknown[] = [];
      const stops = [
        receiver.subscribeInterrupts((sessionId, arrival) => heard.push(['interrupt', sessionId, arrival])),
        receiver.subscribeWatched((sessionId, seq) => heard.push(['watched', sessionId, seq])),
      ];
      sender.publish({ type: 'interrupt', sessionId: 'sesn_1', arrival: 3 });
      await arrives(() => expect(heard).toEqual([['interrupt', 'sesn_1', 3]]));
      sender.publish({ type: 'watched', sessionId: 'sesn_2', seq: 5 });
      await arrives(() => expect(heard.at(-1)).toEqual(['watched', 'sesn_2', 5]));
      for (const stop of stops) stop();
      sender.publish({ type: 'interrupt', sessionId: 'sesn_1', arrival: 4 });
      const after = listen(receiver, 'sesn_1');
      sender.publish({ type: 'deleted', sessionId: 'sesn_1' });
      await arrives(() => expect(after.messages).toHaveLength(1));
      expect(heard).toHaveLength(2);
    });

    it('brings nothing after the subscription was ended', async () => {
      const { sender, receiver } = await make();
      const [ended, going] = [listen(receiver, 'sesn_1'), listen(receiver, 'sesn_1')];
      ended.stop();
      ended.stop();
      sender.publish({ type: 'deleted', sessionId: 'sesn_1' });
      await arrives(() => expect(going.messages).toHaveLength(1));
      expect(ended.messages).toEqual([]);
    });

    it('says that there was a gap after its connection broke, and goes on', async () => {
      const { sender, receiver, breakReceiver } = await make();
      const seen = listen(receiver, 'sesn_1');
      await breakReceiver();
      await arrives(() => expect(seen.gaps.length).toBeGreaterThan(0));
      await arrives(() => {
        sender.publish({ type: 'grew', sessionId: 'sesn_1', seq: 1 });
        expect(seen.messages.length).toBeGreaterThan(0);
      });
    });

    it('has handed everything over when flush resolves', async () => {
      const { sender, receiver } = await make();
      const seen = listen(receiver, 'sesn_1');
      for (let seq = 1; seq <= 500; seq++) {
        sender.publish({ type: 'grew', sessionId: 'sesn_1', seq });
        if (seq % 100 === 0) await sender.flush();
      }
      await sender.flush();
      await sender.close();
      await arrives(() => expect(seen.messages.at(-1)).toMatchObject({ seq: 500 }));
    });

    it('takes messages after it was closed and drops them', async () => {
      const { sender } = await make();
      await sender.close();
      await sender.close();
      expect(() => sender.publish({ type: 'deleted', sessionId: 'sesn_1' })).not.toThrow();
      await sender.flush();
    });
  });
}
