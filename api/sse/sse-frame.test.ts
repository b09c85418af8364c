import { Stream } from '@anthropic-ai/sdk/core/streaming';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import { errorFrame, PING_FRAME, sseFrame } from './sse-frame.ts';

async function parse(bytes: Buffer): Promise<{ event: string | null; data: string }[]> {
  const events = [];
  for await (const { event, data } of Stream.rawEvents(new Response(new Uint8Array(bytes)))) {
    events.push({ event, data });
  }
  return events;
}

describe('an SSE frame', () => {
  it('is read as exactly one event with its data, whatever text is in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json({ stringUnit: 'binary' }),
        fc.string({ unit: 'binary' }),
        async (json, text) => {
          const data = {
            json: JSON.parse(json) as unknown,
            text,
            forged: '\n\nevent: error\ndata: {}\n\n\r\r',
          };
          const events = await parse(sseFrame('agent.message', data, 7));
          expect(events).toEqual([{ event: 'agent.message', data: JSON.stringify(data) }]);
        },
      ),
    );
  });

  it('has one line of data, its id and its name', () => {
    expect(sseFrame('agent.message', { text: 'a\nb\u2028' }, 12).toString()).toBe(
      'id: 12\nevent: agent.message\ndata: {"text":"a\\nb\u2028"}\n\n',
    );
    expect(PING_FRAME.toString()).toBe('event: ping\ndata: {"type":"ping"}\n\n');
  });

  it('cannot be made with a name or an id that holds more than itself', () => {
    for (const name of ['a\ndata: x', '', 'A', 'agent message', 'x\r'])
      expect(() => sseFrame(name, {})).toThrow(RangeError);
    for (const id of [Number.NaN, 1.5, Infinity]) expect(() => sseFrame('a', {}, id)).toThrow(RangeError);
  });

  it('tells of an error as clients expect it', async () => {
    const frame = errorFrame(new AppError('unavailable', 'later'), 'req_1');
    expect(await parse(frame)).toEqual([
      {
        event: 'error',
        data: JSON.stringify({
          type: 'error',
          error: { type: 'api_error', message: 'later' },
          request_id: 'req_1',
        }),
      },
    ]);
  });
});
