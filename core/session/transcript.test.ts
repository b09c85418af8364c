import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { createTranscript, type TranscriptEvent } from './transcript.ts';

const text = fc.string().map((value) => [{ type: 'text', text: value }]);
const toolId = fc.constantFrom('t1', 't2', 't3');

/** Any log, also one that the protocol would never write. */
const anEvent: fc.Arbitrary<Omit<TranscriptEvent, 'id'>> = fc.oneof(
  fc.record({
    type: fc.constantFrom('user.message', 'system.message', 'agent.message', 'session.status_idle'),
    body: text.map((content): JsonObject => ({ content })),
    detail: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('agent.thinking'),
    body: fc.constant({}),
    detail: fc.constantFrom<Json>(null, { type: 'opaque', provider: 'test', data: 'signature' }),
  }),
  fc.record({
    type: fc.constantFrom('agent.tool_use', 'agent.custom_tool_use'),
    body: fc.record({ name: fc.string(), input: fc.constantFrom<Json>({ a: 1 }, null, []) }),
    detail: fc.constantFrom<Json>(null, { provider: 'test', callId: 'call_0' }),
  }),
  fc.record({
    type: fc.constantFrom('agent.tool_result', 'user.custom_tool_result'),
    body: fc.tuple(toolId, text, fc.boolean()).map(([id, content, isError]): JsonObject => ({
      tool_use_id: id,
      custom_tool_use_id: id,
      content,
      is_error: isError,
    })),
    detail: fc.constant(null),
  }),
);
const aLog = fc
  .array(anEvent, { maxLength: 20 })
  .map((events) => events.map((event, index): TranscriptEvent => ({ id: `t${index}`, ...event })));

function transcriptOf(...parts: TranscriptEvent[][]) {
  const transcript = createTranscript();
  for (const events of parts) transcript.append(events);
  return transcript.messages;
}

describe('the transcript', () => {
  it('gives the same bytes for the same events, however they are cut', () => {
    fc.assert(
      fc.property(aLog, fc.nat(20), (log, cut) => {
        const whole = JSON.stringify(transcriptOf(log));
        expect(JSON.stringify(transcriptOf(log.slice(0, cut), log.slice(cut)))).toBe(whole);
      }),
    );
  });

  it('only grows: a longer log extends what a shorter one says, block by block', () => {
    fc.assert(
      fc.property(aLog, fc.nat(20), (log, cut) => {
        const blocks = (events: TranscriptEvent[]) =>
          transcriptOf(events).flatMap(({ role, content }) =>
            content.map((block) => JSON.stringify({ role, block })),
          );
        const before = blocks(log.slice(0, cut));
        expect(blocks(log).slice(0, before.length)).toEqual(before);
      }),
    );
  });

  it('never gives two results for one tool use, nor two messages of one role in a row', () => {
    fc.assert(
      fc.property(aLog, (log) => {
        const messages = transcriptOf(log);
        const answered = messages
          .flatMap((message) => message.content)
          .flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
        expect(new Set(answered).size).toBe(answered.length);
        messages.forEach((message, index) => expect(message.role).not.toBe(messages[index - 1]?.role));
      }),
    );
  });

  it('keeps the vendor’s call id beside our own, and drops details that are not its', () => {
    const [message] = transcriptOf([
      {
        id: 't1',
        type: 'agent.tool_use',
        body: { name: 'bash', input: { command: 'ls' } },
        detail: { provider: 'test', callId: 'call_0' },
      },
      { id: 't2', type: 'agent.tool_use', body: { name: 'read', input: {} }, detail: { other: true } },
    ]);
    expect(message?.content).toEqual([
      {
        type: 'tool_use',
        id: 't1',
        name: 'bash',
        input: { command: 'ls' },
        vendor: { provider: 'test', callId: 'call_0' },
      },
      { type: 'tool_use', id: 't2', name: 'read', input: {} },
    ]);
  });
});
