import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BusMessage } from './bus.ts';
import { decodePayload } from './codec.ts';
import { createOutbox, type Outbox } from './outbox.ts';

const LIMIT = 600;
const text = fc.string({ unit: 'binary', maxLength: 800 });

function delta(options: { event?: string; index?: number; offset: number; text: string }): BusMessage {
  return {
    type: 'preview_delta',
    sessionId: 'sesn_1',
    threadId: 'sthr_1',
    spanSeq: 3,
    eventId: options.event ?? 'sevt_1',
    index: options.index ?? 0,
    offset: options.offset,
    text: options.text,
  };
}

function drain(outbox: Outbox): BusMessage[] {
  const messages: BusMessage[] = [];
  while (outbox.size > 0) {
    for (const { payload } of outbox.take(4)) {
      expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(LIMIT);
      messages.push(...decodePayload(payload, () => true));
    }
  }
  return messages;
}

describe('the outbox', () => {
  it('gathers deltas that follow each other, and keeps every character in place', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), text)), (pieces) => {
        const outbox = createOutbox(LIMIT);
        let offset = 0;
        for (const [index, piece] of pieces) {
          outbox.add(delta({ index, offset, text: piece }));
          offset += piece.length;
        }
        let expected = 0;
        let whole = '';
        for (const message of drain(outbox)) {
          if (message.type !== 'preview_delta') throw new Error('something else came out');
          expect(message.offset).toBe(expected);
          expected += message.text.length;
          whole += message.text;
        }
        expect(whole).toBe(pieces.map(([, piece]) => piece).join(''));
      }),
    );
  });

  it('keeps the order of messages of one session', () => {
    const outbox = createOutbox(LIMIT);
    const messages: BusMessage[] = [
      { type: 'grew', sessionId: 'sesn_1', seq: 3 },
      delta({ offset: 0, text: 'a' }),
      { type: 'deleted', sessionId: 'sesn_2' },
      delta({ event: 'sevt_2', offset: 0, text: 'b' }),
      { type: 'deleted', sessionId: 'sesn_1' },
    ];
    for (const message of messages) outbox.add(message);
    expect(drain(outbox)).toEqual(messages);
  });

  it('does not gather deltas across a piece that is missing', () => {
    const outbox = createOutbox(LIMIT);
    outbox.add(delta({ offset: 0, text: 'ab' }));
    outbox.add(delta({ offset: 3, text: 'd' }));
    expect(drain(outbox)).toHaveLength(2);
  });

  it('says once how far a journal grew, with the highest number', () => {
    const outbox = createOutbox(LIMIT);
    for (const seq of [1, 5, 3]) outbox.add({ type: 'grew', sessionId: 'sesn_1', seq });
    expect(drain(outbox)).toEqual([{ type: 'grew', sessionId: 'sesn_1', seq: 5 }]);
  });

  it('leaves the messages it was given as they were', () => {
    const outbox = createOutbox(LIMIT);
    const first = delta({ offset: 0, text: 'a' });
    outbox.add(first);
    outbox.add(delta({ offset: 1, text: 'b' }));
    expect(first).toEqual(delta({ offset: 0, text: 'a' }));
  });

  it('takes as many payloads as asked and keeps the rest', () => {
    const outbox = createOutbox(LIMIT);
    for (let index = 0; index < 20; index++) outbox.add({ type: 'deleted', sessionId: `sesn_${index}` });
    const taken = outbox.take(1);
    expect(taken).toHaveLength(1);
    const rest = drain(outbox).length;
    expect(rest).toBe(20 - decodePayload(taken[0]?.payload ?? '', () => true).length);
  });

  it('sends interrupts apart from what streams need', () => {
    const outbox = createOutbox(LIMIT);
    outbox.add({ type: 'interrupt', sessionId: 'sesn_1', arrival: 4 });
    outbox.add({ type: 'grew', sessionId: 'sesn_1', seq: 1 });
    outbox.add({ type: 'watched', sessionId: 'sesn_1', seq: 1 });
    expect(outbox.take(9).map(({ channel }) => channel)).toEqual(['interrupts', 'streams', 'watched']);
  });
});
