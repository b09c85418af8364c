import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TranscriptMessage } from '../content.ts';
import { compactionRequest, summaryIn, summaryMessage } from './compaction.ts';
import { answerTokens, contextBudget } from './context-budget.ts';
import { messageTokens, textTokens } from './estimate-tokens.ts';
import { cutToFit } from './cut-to-fit.ts';
import { limitImages } from './limit-images.ts';
import { planContext, type ContextSource } from './plan-context.ts';
import { trimToolResults } from './trim-tool-results.ts';
import { writeOut } from './write-out.ts';

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

/** A transcript that nobody has counted. */
const source = (messages: readonly TranscriptMessage[], summarised = false): ContextSource => ({
  messages,
  summarised,
  counts: [],
});

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
      let plan = planContext(source(transcript, compactions > 0), budget, FIXED);
      if (plan.kind === 'compact') {
        const { messages, keptFrom } = plan;
        expect(size(compactionRequest(messages.slice(0, keptFrom))) + FIXED).toBeLessThanOrEqual(
          budget.request,
        );
        const summary = 'What happened so far. '.repeat(50);
        transcript = [summaryMessage(summary), ...transcript.slice(keptFrom)];
        compactions += 1;
        previous = [];
        plan = planContext(source(transcript, true), budget, FIXED);
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
      const plan = planContext(source(transcript, compactions > 0), budget, FIXED);
      if (plan.kind === 'compact') {
        transcript = [summaryMessage('A summary.'), ...transcript.slice(plan.keptFrom)];
        compactions += 1;
      }
      const after = planContext(source(transcript, compactions > 0), budget, FIXED);
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
  const budget = contextBudget(WINDOW);
  const talk = [
    user('one '.repeat(8_000)),
    says('two'),
    user('three'),
    says('four '.repeat(5_000)),
    user('five'),
  ];

  it('believes the vendor’s count of what was sent, whether it is higher or lower', () => {
    const counted = (tokens: number) =>
      planContext({ messages: talk, summarised: false, counts: [{ upTo: 4, tokens }] }, budget, 0);
    expect(planContext(source(talk), budget, 0).kind).toBe('send');
    expect(counted(90_000)).toMatchObject({ kind: 'compact', uncounted: messageTokens(user('five')) });
    expect(counted(10_000).tokens).toBe(10_000 + messageTokens(user('five')));
  });

  it('does not believe a server that does not count', () => {
    const counts = [{ upTo: 4, tokens: 0 }];
    const { tokens, uncounted } = planContext({ messages: talk, summarised: false, counts }, budget, 0);
    expect(tokens).toBe(size(talk));
    expect(uncounted).toBe(size(talk));
  });

  it('goes by the vendor’s counter where that was asked', () => {
    expect(planContext(source(talk), budget, 0, { counted: 85_000 }).kind).toBe('compact');
    const long = [...talk, says('x'.repeat(200_000)), user('six '.repeat(30_000))];
    expect(planContext(source(long), budget, 0).kind).toBe('compact');
    expect(planContext(source(long), budget, 0, { counted: 40_000 }).kind).toBe('send');
  });

  it('keeps no result without its call', () => {
    const messages: TranscriptMessage[] = [user('go')];
    for (let step = 0; step < 60; step += 1) {
      messages.push(calls(`a${String(step)}`), results(`a${String(step)}`, 'y'.repeat(5_000)));
      const plan = planContext(source(messages), budget, 0, { counted: 95_000 });
      if (plan.kind !== 'compact') continue;
      const first = messages[plan.keptFrom];
      expect(first?.content.some(({ type }) => type === 'tool_result')).toBe(false);
    }
  });

  it('makes a request smaller that the vendor refused, although it should have fitted', () => {
    const messages: TranscriptMessage[] = [user('go')];
    for (let step = 0; step < 10; step += 1)
      messages.push(calls(`a${String(step)}`), results(`a${String(step)}`, 'y'.repeat(2_000)));
    const plan = planContext(source(messages), budget, 0, { refused: size(messages) });
    expect(plan.kind).toBe('compact');
    if (plan.kind === 'compact') expect(size(messages.slice(plan.keptFrom))).toBeLessThan(size(messages) / 2);
  });

  it('does not summarise a summary again when that makes no room', () => {
    const messages = [summaryMessage('short'), calls('a'), results('a', 'z'.repeat(400_000))];
    const plan = planContext(source(messages, true), budget, 0);
    expect(plan.kind).toBe('send');
    expect(size(plan.messages)).toBeLessThanOrEqual(budget.request);
  });

  it('cuts the longest texts where nothing older is left, and says so in their place', () => {
    const messages = [user(`begin ${'word '.repeat(200_000)} end`), says('ok'), user('and this?')];
    const plan = planContext(source(messages.slice(0, 1)), budget, FIXED);
    expect(plan.kind).toBe('send');
    expect(size(plan.messages) + FIXED).toBeLessThanOrEqual(budget.request);
    expect(size(plan.messages)).toBeGreaterThan(budget.request * 0.9);
    const said = JSON.stringify(plan.messages);
    expect(said).toMatch(/begin.*characters were left out here.*end/);
  });

  it('says so when nothing can be cut', () => {
    const pictures = Array.from({ length: 100 }, () => ({
      type: 'image' as const,
      source: { type: 'url' as const, url: 'https://example.com/a.png' },
    }));
    expect(planContext(source([{ role: 'user', content: pictures }]), budget, 0).kind).toBe('too-long');
  });
});

describe('cutting', () => {
  it('makes the messages shorter by what is asked, and leaves short texts alone', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 80_000 }), (all, excess) => {
        const messages = all.map((length) => user('é😀x'.repeat(Math.ceil(length / 4)).slice(0, length)));
        const cut = cutToFit(messages, excess);
        if (cut === null) {
          const least = messages.length * 240;
          expect(size(messages) - excess).toBeLessThan(least + messages.length * 20);
          return;
        }
        expect(size(cut)).toBeLessThanOrEqual(size(messages) - excess);
        expect(JSON.stringify(cut).isWellFormed()).toBe(true);
        expect(cut).toEqual(cutToFit(messages, excess));
      }),
    );
  });
});

describe('a conversation written out', () => {
  it('fits where it has to, and keeps its beginning and its end', () => {
    const messages = [
      user('the task'),
      ...Array.from({ length: 300 }, (_unused, index) => [
        calls(`c${String(index)}`),
        results(`c${String(index)}`, `${String(index)} ${'data '.repeat(500)}`),
      ]).flat(),
      user('the last words'),
    ];
    for (const maximum of [200_000, 20_000, 2_000]) {
      const text = writeOut(messages, maximum);
      expect(textTokens(text)).toBeLessThanOrEqual(maximum);
      expect(text).toMatch(/^User: the task/);
      expect(text).toMatch(/the last words$/);
    }
    expect(writeOut(messages, 2_000)).toContain('parts were left out here');
  });
});

describe('a compaction', () => {
  it('takes the words of the model for the summary, and only those', () => {
    expect(
      summaryIn([{ type: 'thinking' }, { type: 'text', text: ' a ' }, { type: 'text', text: 'b' }]),
    ).toBe('a \n\nb');
    expect(summaryIn([{ type: 'text', text: '  ' }])).toBeUndefined();
    expect(summaryIn([{ type: 'text', text: 'First I look.' }, { type: 'tool_use' }])).toBeUndefined();
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
