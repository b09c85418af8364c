import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TranscriptMessage } from '../content.ts';
import { compactedTranscript, compactionRequest, summaryIn } from './compaction.ts';
import { answerTokens, contextBudget } from './context-budget.ts';
import { messageTokens, textTokens } from './estimate-tokens.ts';
import { limitImages } from './limit-images.ts';
import { planContext } from './plan-context.ts';
import { trimToolResults } from './trim-tool-results.ts';

const user = (text: string): TranscriptMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const says = (text: string): TranscriptMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
const calls = (id: string): TranscriptMessage => ({
  role: 'assistant',
  content: [
    {
      type: 'opaque',
      provider: 'anthropic',
      data: { type: 'thinking', thinking: 'hm', signature: 'x'.repeat(100) },
    },
    { type: 'tool_use', id, name: 'bash', input: { command: `step ${id}` } },
  ],
});
const results = (id: string, text: string): TranscriptMessage => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text }], is_error: false }],
});
const size = (messages: readonly TranscriptMessage[]) =>
  messages.reduce((sum, one) => sum + messageTokens(one), 0);

const WINDOW = { contextWindow: 100_000, maxOutputTokens: 8_000 };
const FIXED = 3_000;

/** Different lengths, the same in each run. */
const lengthOf = (step: number) => 40 + ((step * 7_919) % 9_000);

describe('a session that goes on and on', () => {
  it('never overflows its window in 5,000 steps, and keeps its prefix between the rare moves of the border', () => {
    const budget = contextBudget(WINDOW);
    let transcript: TranscriptMessage[] = [user('Do all of it.')];
    let previous: TranscriptMessage[] = [];
    let changes = 0;
    let compactions = 0;
    for (let step = 0; step < 5_000; step += 1) {
      let plan = planContext(transcript, budget, FIXED);
      if (plan.kind === 'compact') {
        expect(size(compactionRequest(plan.head)) + FIXED).toBeLessThanOrEqual(budget.request);
        transcript = compactedTranscript(
          'What happened so far. '.repeat(50),
          transcript.slice(plan.keptFrom),
        );
        compactions += 1;
        previous = [];
        plan = planContext(transcript, budget, FIXED);
      }
      if (plan.kind !== 'send') throw new Error(`step ${String(step)}: ${plan.kind}`);
      const sent = plan.messages;
      expect(size(sent) + FIXED + answerTokens(WINDOW)).toBeLessThanOrEqual(WINDOW.contextWindow);
      const same = previous.every((message, index) => sent[index] === message);
      if (!same) changes += 1;
      previous = sent;
      const id = `sevt_${String(step)}`;
      transcript.push(calls(id), results(id, 'r'.repeat(lengthOf(step))));
    }
    // A move of the border pays for dozens of steps whose prefix stays as it was.
    expect(changes).toBeLessThan(5_000 / 15);
    expect(compactions).toBeGreaterThan(3);
    expect(compactions).toBeLessThan(5_000 / 100);
  }, 60_000);

  it('compacts a conversation without tools as well', () => {
    const budget = contextBudget(WINDOW);
    let transcript: TranscriptMessage[] = [];
    let compactions = 0;
    for (let turn = 0; turn < 400; turn += 1) {
      transcript.push(user(`Question ${String(turn)} ${'words '.repeat(300)}`));
      const plan = planContext(transcript, budget, FIXED);
      if (plan.kind === 'compact') {
        transcript = compactedTranscript('A summary.', transcript.slice(plan.keptFrom));
        compactions += 1;
      }
      const after = planContext(transcript, budget, FIXED);
      expect(after.kind).toBe('send');
      transcript.push(says('answer '.repeat(300)));
    }
    expect(compactions).toBeGreaterThan(1);
  });
});

describe('trimming', () => {
  const arbitrary = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 60 });
  const transcriptOf = (lengths: number[]) => [
    user('go'),
    ...lengths.flatMap((length, index) => [
      calls(`c${String(index)}`),
      results(`c${String(index)}`, 'x'.repeat(length)),
    ]),
  ];

  it('gives a longer transcript the border of the shorter one, unless the mark was exceeded since', () => {
    const budget = contextBudget(WINDOW);
    fc.assert(
      fc.property(arbitrary, (lengths) => {
        const messages = transcriptOf(lengths);
        let last = 0;
        for (let end = 1; end <= messages.length; end += 2) {
          const { upTo, tokens, messages: sent } = trimToolResults(messages.slice(0, end), budget, FIXED);
          expect(upTo).toBeGreaterThanOrEqual(last);
          expect(tokens).toBe(size(sent) + FIXED);
          last = upTo;
        }
      }),
    );
  });

  it('never touches calls, nor the order, nor the number of results', () => {
    const budget = contextBudget(WINDOW);
    fc.assert(
      fc.property(arbitrary, (lengths) => {
        const messages = transcriptOf(lengths);
        const { messages: sent } = trimToolResults(messages, budget, FIXED);
        const shape = (all: TranscriptMessage[]) =>
          all.map(({ role, content }) => [
            role,
            content.map((block) => (block.type === 'tool_result' ? block.tool_use_id : block)),
          ]);
        expect(shape(sent)).toEqual(shape(messages));
      }),
    );
  });

  it('says what is missing', () => {
    const budget = contextBudget({ contextWindow: 8_000, maxOutputTokens: 1_000 });
    const messages = transcriptOf([20_000, 100, 20_000, 100]);
    const { messages: sent } = trimToolResults(messages, budget, 0);
    expect(JSON.stringify(sent[2])).toContain('20000 characters');
  });

  it('leaves a short conversation as it is', () => {
    const messages = transcriptOf([100, 200]);
    expect(trimToolResults(messages, contextBudget(WINDOW), FIXED).messages).toEqual(messages);
  });
});

describe('planning', () => {
  it('believes the vendor’s count where it is higher', () => {
    const budget = contextBudget(WINDOW);
    const messages = [user('one'), says('two'), user('three'), says('four'), user('five')];
    expect(planContext(messages, budget, 0).kind).toBe('send');
    expect(planContext(messages, budget, 0, { tokens: 95_000, upTo: 4 }).kind).toBe('compact');
  });

  it('keeps no result without its call', () => {
    const budget = contextBudget(WINDOW);
    const messages: TranscriptMessage[] = [user('go')];
    for (let step = 0; step < 60; step += 1) {
      messages.push(calls(`a${String(step)}`), results(`a${String(step)}`, 'y'.repeat(5_000)));
      const plan = planContext(messages, budget, 0, { tokens: 95_000, upTo: messages.length });
      if (plan.kind !== 'compact') continue;
      const first = messages[plan.keptFrom];
      expect(first?.content.some(({ type }) => type === 'tool_result')).toBe(false);
    }
  });

  it('says so when the newest message alone is too long', () => {
    const plan = planContext([user('word '.repeat(200_000))], contextBudget(WINDOW), 0);
    expect(plan.kind).toBe('too-long');
  });
});

describe('a compaction', () => {
  it('takes the words of the model for the summary, and only those', () => {
    expect(
      summaryIn([
        { type: 'thinking' },
        { type: 'text', text: ' a ' },
        { type: 'tool_use' },
        { type: 'text', text: 'b' },
      ]),
    ).toBe('a \n\nb');
    expect(summaryIn([{ type: 'tool_use' }, { type: 'text', text: '  ' }])).toBeUndefined();
  });
});

describe('estimates', () => {
  it('count scripts with a sign per word or syllable by the letter', () => {
    expect(textTokens('hello world, how are you?')).toBeGreaterThan(6);
    expect(textTokens('世界'.repeat(50))).toBe(100);
    expect(textTokens('')).toBe(0);
  });
});

describe('limiting images', () => {
  const image = {
    type: 'image' as const,
    source: { type: 'url' as const, url: 'https://example.com/a.png' },
  };
  const count = (messages: TranscriptMessage[]) => JSON.stringify(messages).split('a.png').length - 1;
  const shows = (id: string): TranscriptMessage => ({
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: id,
        content: [image, { type: 'text', text: 'seen' }],
        is_error: false,
      },
      image,
    ],
  });

  it('leaves out the oldest, in batches, and nothing where there are few enough', () => {
    const messages = Array.from({ length: 30 }, (_unused, index) => shows(String(index)));
    expect(limitImages(messages.slice(0, 5), 10)).toEqual(messages.slice(0, 5));
    let changes = 0;
    let before = '';
    for (let end = 1; end <= messages.length; end += 1) {
      const limited = limitImages(messages.slice(0, end), 20);
      expect(count(limited)).toBeLessThanOrEqual(20);
      expect(count(limited)).toBeGreaterThanOrEqual(Math.min(end * 2, 15));
      const first = JSON.stringify(limited.slice(0, 1));
      if (first !== before) changes += 1;
      before = first;
    }
    expect(changes).toBe(2);
    expect(count(limitImages(messages, 0))).toBe(0);
  });
});
