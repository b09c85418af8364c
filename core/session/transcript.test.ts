import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { compactedEvent } from './context/compacted-event.ts';
import { createTranscript, type TranscriptEvent } from './transcript.ts';

const text = fc.string().map((value) => [{ type: 'text', text: value }]);
const toolId = fc.constantFrom('t1', 't2', 't3');

/** Any log, also one that the protocol would never write. */
const anEvent: fc.Arbitrary<Omit<TranscriptEvent, 'id' | 'seq'>> = fc.oneof(
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
  .map((events) =>
    events.map((event, index): TranscriptEvent => ({ id: `t${index}`, seq: index + 1, ...event })),
  );

function transcriptOf(...parts: TranscriptEvent[][]) {
  const transcript = createTranscript();
  for (const events of parts) transcript.append(events);
  return transcript.view().messages;
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
        seq: 1,
        id: 't1',
        type: 'agent.tool_use',
        body: { name: 'bash', input: { command: 'ls' } },
        detail: { provider: 'test', callId: 'call_0' },
      },
      {
        seq: 2,
        id: 't2',
        type: 'agent.tool_use',
        body: { name: 'read', input: {} },
        detail: { other: true },
      },
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

  it('drops results that answer no open call', () => {
    const result = (seq: number): TranscriptEvent => ({
      seq,
      id: `r${seq}`,
      type: 'user.custom_tool_result',
      body: { custom_tool_use_id: 't1', content: [{ type: 'text', text: `${seq}` }] },
      detail: null,
    });
    const call = { seq: 2, id: 't1', type: 'agent.custom_tool_use', body: { name: 'x' }, detail: null };
    expect(JSON.stringify(transcriptOf([result(1), call, result(3), result(4)]))).toMatch(/"text":"3"/);
    expect(transcriptOf([result(1)])).toEqual([]);
  });

  it('changes nothing that it handed out', () => {
    const transcript = createTranscript();
    const says = (seq: number): TranscriptEvent => ({
      seq,
      id: `m${seq}`,
      type: 'user.message',
      body: { content: [{ type: 'text', text: `${seq}` }] },
      detail: null,
    });
    transcript.append([says(1), says(2)]);
    const before = transcript.view();
    const text = JSON.stringify(before);
    transcript.append([says(3)]);
    expect(JSON.stringify(before)).toBe(text);
    expect(transcript.view().messages[0]?.content).toHaveLength(3);
  });
});

describe('the transcript of a compacted session', () => {
  const event = (seq: number, type: string, rest: Partial<TranscriptEvent> = {}): TranscriptEvent => ({
    seq,
    id: `e${seq}`,
    type,
    body: { content: [{ type: 'text', text: `${seq}` }] },
    detail: null,
    ...rest,
  });
  const compaction = (seq: number, keptFrom: number): TranscriptEvent => {
    const { id, type, body, detail } = compactedEvent(`c${seq}`, `summary ${seq}`, keptFrom);
    return { seq, id, type, body, detail: detail ?? null };
  };
  const ended = (seq: number, tokens: number) =>
    event(seq, 'span.model_request_end', {
      body: { is_error: false, model_usage: { input_tokens: tokens, output_tokens: 1 } },
    });
  const log = [
    event(1, 'user.message'),
    event(2, 'agent.message'),
    ended(3, 10),
    event(4, 'user.message'),
    event(5, 'agent.custom_tool_use', { body: { name: 'x', input: {} } }),
    ended(6, 20),
    event(7, 'user.custom_tool_result', { body: { custom_tool_use_id: 'e5', content: [] } }),
    compaction(8, 4),
    ended(9, 30),
    event(10, 'agent.message'),
    ended(11, 40),
    event(12, 'user.message'),
    compaction(13, 5),
    event(14, 'agent.message'),
  ];

  it('begins with the summary, then has what was kept', () => {
    const transcript = createTranscript();
    transcript.append(log.slice(0, 9));
    const { messages, starts, counts, summarised } = transcript.view();
    expect(messages.map(({ role, content }) => [role, content.map(({ type }) => type)])).toEqual([
      ['user', ['text']],
      ['user', ['text']],
      ['assistant', ['tool_use']],
      ['user', ['tool_result']],
    ]);
    expect(JSON.stringify(messages[0])).toContain('summary 8');
    expect(starts).toEqual([8, 4, 5, 7]);
    expect({ counts, summarised }).toEqual({ counts: [], summarised: true });
  });

  it('is the same whether it was read from the beginning or from what was kept', () => {
    for (const [end, from] of [
      [9, 4],
      [11, 4],
      [13, 5],
      [14, 5],
    ] as const) {
      const whole = createTranscript();
      whole.append(log.slice(0, end));
      const tail = createTranscript();
      tail.append(log.slice(from - 1, end));
      expect(tail.view()).toEqual(whole.view());
    }
  });

  it('knows what the vendor counted since', () => {
    const transcript = createTranscript();
    transcript.append(log.slice(0, 6));
    expect(transcript.view().counts).toEqual([
      { upTo: 2, tokens: 11 },
      { upTo: 4, tokens: 21 },
    ]);
    transcript.append(log.slice(6, 11));
    expect(transcript.view().counts).toEqual([{ upTo: 5, tokens: 41 }]);
  });
});
