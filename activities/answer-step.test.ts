import { describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import { NO_LIMITS, type TurnLimits } from '../core/journal/turn.ts';
import { asksForSummary } from '../core/session/context/compaction.ts';
import type {
  ModelProvider,
  ModelRequest,
  ModelResponse,
  ResponseBlock,
} from '../providers/model/model-provider.ts';
import { toModelError } from '../providers/model/vendor-failure.ts';
import { startInMemorySession } from '../test/context/in-memory-session.ts';

const WINDOW = 10_000;
const USAGE = {
  input_tokens: 7,
  output_tokens: 3,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

const said = (text: string): ResponseBlock => ({ type: 'text', text });
const call: ResponseBlock = {
  type: 'tool_use',
  name: 'bash',
  input: { command: 'x' },
  vendor: { provider: 'test', callId: 'call_0' },
};
const answers = (...blocks: ResponseBlock[]): Partial<ModelResponse> => ({ blocks });

/** A model whose answers are written down beforehand; an error is thrown. Keeps its requests. */
function scripted(
  script: (Partial<ModelResponse> | AppError)[],
): ModelProvider & { requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    name: 'test',
    requests,
    async *stream(request) {
      requests.push(request);
      const next = script.shift();
      if (next === undefined) throw new Error('nothing more is scripted');
      if (next instanceof Error) throw next;
      yield { type: 'finish', response: { blocks: [], stop: 'end_turn', usage: USAGE, ...next } };
    },
  };
}

const begin = (
  provider: ModelProvider,
  text: string,
  result = 'ok',
  other: { maxOutputTokens?: number; turns?: TurnLimits } = {},
) =>
  startInMemorySession({
    provider,
    window: WINDOW,
    maxOutputTokens: 1_000,
    content: [{ type: 'text', text }],
    resultOf: () => result,
    ...other,
  });

const tooLong = () =>
  new AppError('model_request_refused', 'prompt is too long', {
    details: { error_code: 'context_window_exceeded' },
  });
const lastText = (request: ModelRequest | undefined) => JSON.stringify(request?.messages.at(-1));
const isWrittenOut = (request: ModelRequest | undefined) =>
  request?.messages.length === 1 &&
  lastText(request).includes('<conversation>') &&
  request.tools.length === 0;

/** A first message that fills the window nearly: after one more step there is something to summarise. */
const LONG = 'word '.repeat(5_200);
const CALL = answers(call);

describe('a conversation that no longer fits', () => {
  it('is summarised in itself, the newest part excepted, and goes on in the next step', async () => {
    const provider = scripted([CALL, answers(said('A summary.')), answers(said('Done.'))]);
    const session = await begin(provider, LONG);
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'final']);
    const [, asked, after] = provider.requests;
    expect(asksForSummary(lastText(asked))).toBe(true);
    expect(asked?.tools).toEqual(provider.requests[0]?.tools);
    expect(after?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(JSON.stringify(after?.messages[0])).toContain('A summary.');
    expect((await session.journal.head(session.sessionId))?.usage).toMatchObject({ input_tokens: 3 * 7 });
  });
});

describe('a model asked for a summary', () => {
  it('that calls a tool is asked about the conversation written out, without tools', async () => {
    const provider = scripted([
      CALL,
      answers(said('First I look.'), call),
      answers(said('A summary.')),
      answers(said('Done.')),
    ]);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
    expect(isWrittenOut(provider.requests[2])).toBe(true);
    // Both answers were paid for.
    expect((await session.journal.head(session.sessionId))?.usage).toMatchObject({ output_tokens: 3 * 3 });
  });

  it('that finds even that too long gets less of it', async () => {
    const provider = scripted([CALL, tooLong(), tooLong(), answers(said('A summary.'))]);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
    const [, , half, quarter] = provider.requests.map((request) => lastText(request).length);
    expect(quarter).toBeLessThan((half ?? 0) * 0.7);
  });

  it('that is cut off in it says so in the summary', async () => {
    const cut: Partial<ModelResponse> = { blocks: [said('A summ')], stop: 'max_tokens' };
    const provider = scripted([CALL, cut, answers(said('Done.'))]);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
    await session.step();
    expect(JSON.stringify(provider.requests[2]?.messages[0])).toContain(
      'A summ\\n\\n[The summary was cut off here',
    );
  });

  it('that only thinks is asked again with little effort', async () => {
    const thinks: Partial<ModelResponse> = {
      blocks: [{ type: 'thinking', opaque: { type: 'opaque', provider: 'test', data: {} } }],
      stop: 'max_tokens',
    };
    const provider = scripted([CALL, thinks, answers(said('A summary.'))]);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
    expect(provider.requests[2]?.effort).toBe('low');
  });

  it('that refuses to write one ends the turn with its words', async () => {
    const refusal = { category: null, explanation: 'The content management policy forbids it.' };
    const refused = Array.from({ length: 4 }, () => ({ stop: 'refusal' as const, refusal }));
    const provider = scripted([CALL, ...refused]);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'exhausted' });
    expect(JSON.stringify(await session.events())).toContain('The content management policy forbids it.');
  });

  it('that writes none is asked again later, and nothing is journaled', async () => {
    const silent = Array.from({ length: 4 }, () => answers(said(' ')));
    const provider = scripted([CALL, ...silent, answers(said('A summary.'))]);
    const session = await begin(provider, LONG);
    await session.step();
    await expect(session.step()).rejects.toThrow('wrote no summary');
    const types = (await session.events()).map(({ type }) => type);
    expect(types).not.toContain('agent.thread_context_compacted');
    expect(types.slice(-3)).toContain('session.status_rescheduled');
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
  });
});

describe('an answer that falls short', () => {
  const thought: ResponseBlock = {
    type: 'thinking',
    opaque: { type: 'opaque', provider: 'test', data: { signature: 'cut' } },
  };
  const cutCall: ResponseBlock = { ...call, input: null, rawInput: '{"command": "echo' };
  const texts = async (session: Awaited<ReturnType<typeof begin>>) =>
    (await session.events())
      .filter(({ type }) => type === 'agent.message')
      .map(({ body }) => (body['content'] as { text: string }[])[0]?.text);
  const errors = async (session: Awaited<ReturnType<typeof begin>>) =>
    (await session.events()).filter(({ type }) => type === 'session.error').map(({ body }) => body['error']);

  it('is gone on with where it was cut off, in more room', async () => {
    const provider = scripted([
      { blocks: [thought, said('The quick bro')], stop: 'max_tokens' },
      answers(said('wn fox.')),
    ]);
    const session = await begin(provider, 'Write.', 'ok', { maxOutputTokens: 6_000 });
    expect(await session.step()).toMatchObject({ kind: 'tools', calls: [] });
    expect(await session.step()).toMatchObject({ kind: 'final' });
    expect((await texts(session)).join('')).toBe('The quick brown fox.');
    const [first, second] = provider.requests;
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(second?.messages[1]?.content).toMatchObject([{ type: 'opaque' }, { text: 'The quick bro' }]);
    expect(lastText(second)).toContain('Go on exactly where it stops');
    expect(first?.maxOutputTokens).toBe(2_500);
    expect(second?.maxOutputTokens).toBe(6_000);
    const ends = (await session.events()).filter(({ type }) => type === 'span.model_request_end');
    expect(ends.map(({ body }) => body['stop_reason'])).toEqual(['max_tokens', 'end_turn']);
    expect(await errors(session)).toEqual([]);
  });

  it('is asked for with less thought where it was nothing but thought, and none of that goes back', async () => {
    const provider = scripted([{ blocks: [thought], stop: 'max_tokens' }, answers(said('Done.'))]);
    const session = await begin(provider, 'Think.');
    expect(await session.step()).toMatchObject({ kind: 'tools', calls: [] });
    expect(await session.step()).toMatchObject({ kind: 'final' });
    const [first, second] = provider.requests;
    expect(first?.effort).toBeUndefined();
    expect(second?.effort).toBe('low');
    expect(second?.messages.map(({ role }) => role)).toEqual(['user']);
    expect(lastText(second)).toContain('Think more briefly');
  });

  it.each([
    [
      [thought],
      'max_tokens',
      'model_request_failed_error',
      'while the model was still thinking, 3 times in a row',
    ],
    [[said('bla')], 'max_tokens', 'model_request_failed_error', 'the answer above is not complete'],
    [[cutCall], 'max_tokens', 'tool_use_limit_reached_error', 'no such call was run'],
    [[], 'end_turn', 'model_request_failed_error', 'an empty answer, 3 times in a row'],
    [[thought], 'end_turn', 'model_request_failed_error', 'an empty answer after thinking'],
    [[], 'malformed_call', 'model_request_failed_error', 'cannot be read'],
  ] as const)(
    'ends the turn when it comes again and again: %j with %s',
    async (blocks, stop, type, words) => {
      const short = { blocks: [...blocks], stop };
      const provider = scripted([short, short, short, answers(said('Better.'))]);
      const session = await begin(provider, 'Go.', 'ok', { turns: { ...NO_LIMITS, continuations: 2 } });
      for (let step = 0; step < 3; step += 1)
        expect(await session.step()).toMatchObject({ kind: 'tools', calls: [] });
      expect(await session.step()).toMatchObject({ kind: 'settled' });
      expect(provider.requests).toHaveLength(3);
      expect(await errors(session)).toEqual([
        { type, message: expect.stringContaining(words) as string, retry_status: { type: 'exhausted' } },
      ]);
      const head = await session.journal.head(session.sessionId);
      expect(head).toMatchObject({ status: 'idle', stop: { type: 'retries_exhausted' } });
      const uses = (await session.events()).filter(({ type: of }) => of === 'agent.tool_use').length;
      const results = (await session.events()).filter(({ type: of }) => of === 'agent.tool_result');
      expect(results).toHaveLength(uses);
      for (const { body } of results) expect(body).toMatchObject({ is_error: true });
    },
  );
});

describe('a vendor that has the last word', () => {
  it('has the conversation compacted when it cuts an answer off at the end of the window', async () => {
    const cut: Partial<ModelResponse> = { blocks: [said('I was saying')], stop: 'context_overflow' };
    const provider = scripted([CALL, cut, answers(said('A summary.')), answers(said('Done.'))]);
    const session = await begin(provider, 'word '.repeat(3_000));
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'final']);
    expect(JSON.stringify(await session.events())).not.toContain('I was saying');
    expect((await session.journal.head(session.sessionId))?.usage).toMatchObject({ output_tokens: 4 * 3 });
  });

  it('has what it said kept where there is nothing to summarise yet, and the rest said after a summary', async () => {
    const usage = { ...USAGE, input_tokens: 9_900, output_tokens: 100 };
    const cut: Partial<ModelResponse> = { blocks: [said('I was say')], stop: 'context_overflow', usage };
    const provider = scripted([cut, answers(said('A summary.')), answers(said('ing this.'))]);
    const session = await begin(provider, 'word '.repeat(5_000));
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'final']);
    const text = JSON.stringify(provider.requests.at(-1)?.messages);
    expect(text).toContain('A summary.');
    expect(text).toContain('The end of the context window cut your answer off here');
    const errors = (await session.events()).filter(({ type }) => type === 'session.error');
    expect(errors).toEqual([]);
  });

  it('gets a first message cut where there is nothing to summarise', async () => {
    const provider = scripted([tooLong(), tooLong(), answers(said('Done.'))]);
    const session = await begin(provider, `Begin ${'word '.repeat(4_000)}`);
    expect(await session.step()).toMatchObject({ kind: 'final' });
    const lengths = provider.requests.map((request) => lastText(request).length);
    expect(lengths[1]).toBeLessThan((lengths[0] ?? 0) * 0.6);
    expect(lengths[2]).toBeLessThan((lengths[1] ?? 0) * 0.6);
  });

  it('that is never content ends the turn with a typed reason', async () => {
    const provider = scripted([tooLong(), tooLong(), tooLong(), tooLong()]);
    const session = await begin(provider, `Begin ${'word '.repeat(4_000)}`);
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    const error = (await session.events()).find(({ type }) => type === 'session.error');
    expect(error?.body['error']).toMatchObject({
      type: 'compaction_limit_reached_error',
      retry_status: { type: 'exhausted' },
    });
  });
});

/** A refusal as an adapter makes it of the vendor's words. */
const says = (message: string, status = 400) => toModelError({ vendor: 'V', status, message });
const WINDOW_OF = (tokens: number) =>
  says(`This model's maximum context length is ${String(tokens)} tokens. Please reduce the length.`);
const answerLimits = (provider: { requests: ModelRequest[] }) =>
  provider.requests.map(({ maxOutputTokens }) => maxOutputTokens);
const typesOf = async (session: Awaited<ReturnType<typeof begin>>) =>
  (await session.events()).map(({ type }) => type);

describe('a vendor whose window is smaller than the catalogue says', () => {
  it('gets a shorter answer asked for, where that is all that did not fit', async () => {
    const provider = scripted([WINDOW_OF(2_000), answers(said('Done.')), answers(said('Again.'))]);
    const session = await begin(provider, 'Hello.');
    expect(await session.step()).toMatchObject({ kind: 'final' });
    expect(answerLimits(provider)).toEqual([1_000, 500]);
    expect(provider.requests[1]?.messages).toEqual(provider.requests[0]?.messages);
  });

  it('gets a message that fits into it after one refusal, however far off the catalogue is', async () => {
    const provider = scripted([WINDOW_OF(1_000), answers(said('Done.'))]);
    const session = await begin(provider, `Begin ${'word '.repeat(5_000)}`);
    expect(await session.step()).toMatchObject({ kind: 'final' });
    expect(lastText(provider.requests[1]).length).toBeLessThan(3.3 * 750);
  });

  it('has the conversation compacted into it, and is not asked beyond it again', async () => {
    const provider = scripted([CALL, WINDOW_OF(4_000), answers(said('A summary.')), CALL, CALL]);
    const session = await begin(provider, 'word '.repeat(2_600));
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'tools']);
    expect(answerLimits(provider)).toEqual([1_000, 1_000, 1_000, 1_000]);
    // Its summary was asked for in a text that the window holds.
    expect(lastText(provider.requests[2]).length).toBeLessThan(3.3 * 3_000);
  });

  it('may name what the account sends in a minute, beyond which no waiting helps', async () => {
    const rate = says(
      'Request too large for model `m` on tokens per minute (TPM): Limit 2000, Requested 3100, please reduce your message size.',
      413,
    );
    const provider = scripted([rate, answers(said('Done.'))]);
    const session = await begin(provider, 'Hello.');
    expect(await session.step()).toMatchObject({ kind: 'final' });
    expect(answerLimits(provider)).toEqual([1_000, 500]);
  });
});

describe('a vendor that takes shorter answers than the catalogue says', () => {
  it.each([
    ['max_tokens: 1000 > 300, which is the maximum allowed number of output tokens for m', [1_000, 300]],
    ['max_completion_tokens is limited for this model', [1_000, 500]],
  ])('is asked again at once: %s', async (message, limits) => {
    const provider = scripted([says(message), CALL, answers(said('Done.'))]);
    const session = await begin(provider, 'Hello.');
    await session.step();
    await session.step();
    expect(answerLimits(provider)).toEqual([...limits, limits[1]]);
    expect(await typesOf(session)).not.toContain('session.error');
  });

  it('that takes none ends the turn with its words', async () => {
    const provider = scripted(Array.from({ length: 9 }, () => says('max_tokens is limited for this model')));
    const session = await begin(provider, 'Hello.');
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    expect(provider.requests).toHaveLength(6);
  });
});

describe('a vendor that refuses in words that nobody knows', () => {
  const odd = () => says('Something is odd about this.');

  it('is believed to find a long conversation too long', async () => {
    const provider = scripted([CALL, odd(), answers(said('A summary.')), answers(said('Done.'))]);
    const session = await begin(provider, 'word '.repeat(3_200));
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'final']);
  });

  it('is not, where the conversation is short', async () => {
    const provider = scripted([CALL, odd()]);
    const session = await begin(provider, 'word '.repeat(2_000));
    await session.step();
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    expect(provider.requests).toHaveLength(2);
  });

  it('is not, where it says that it does not know the model', async () => {
    const provider = scripted([CALL, says('No such model.', 404)]);
    const session = await begin(provider, 'word '.repeat(3_200));
    await session.step();
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    expect(provider.requests).toHaveLength(2);
  });

  it('has a long message cut once, and ends the turn with its words when that was not it', async () => {
    const provider = scripted([odd(), odd()]);
    const session = await begin(provider, `Begin ${'word '.repeat(3_200)}`);
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    expect(lastText(provider.requests[1]).length).toBeLessThan(lastText(provider.requests[0]).length * 0.6);
    const error = (await session.events()).find(({ type }) => type === 'session.error');
    expect(error?.body['error']).toMatchObject({
      type: 'model_request_failed_error',
      message: expect.stringContaining('Something is odd about this.'),
    });
  });

  it('ends the turn with its words where it refuses the shorter conversation as well', async () => {
    const provider = scripted([CALL, odd(), odd(), odd()]);
    const session = await begin(provider, 'word '.repeat(3_200));
    await session.step();
    expect(await session.step()).toEqual({ kind: 'exhausted' });
    // The conversation, its summary, and the summary of it as a text.
    expect(provider.requests).toHaveLength(4);
    expect(await typesOf(session)).not.toContain('agent.thread_context_compacted');
    expect(JSON.stringify(await session.events())).toContain('Something is odd about this.');
  });

  it('ends the turn where it refuses what goes on after the summary', async () => {
    const provider = scripted([CALL, odd(), answers(said('A summary.')), odd()]);
    const session = await begin(provider, 'word '.repeat(3_200));
    const kinds = [await session.step(), await session.step(), await session.step()].map(({ kind }) => kind);
    expect(kinds).toEqual(['tools', 'compacted', 'exhausted']);
  });
});

describe('a vendor with a counter', () => {
  const counted = (provider: ReturnType<typeof scripted>, tokens: number | AppError) => {
    let calls = 0;
    const countTokens = async () => {
      calls += 1;
      if (tokens instanceof Error) throw tokens;
      return tokens;
    };
    return { provider: { ...provider, countTokens }, calls: () => calls };
  };

  it('is asked where an estimate comes near the limit, and believed', async () => {
    const { provider, calls } = counted(scripted([CALL, answers(said('Done.'))]), 4_000);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'final' });
    expect(calls()).toBe(2);
  });

  it('is not needed: where it cannot be had, the estimate holds', async () => {
    const gone = new AppError('model_request_refused', 'no such path');
    const { provider, calls } = counted(scripted([CALL, answers(said('A summary.'))]), gone);
    const session = await begin(provider, LONG);
    await session.step();
    expect(await session.step()).toMatchObject({ kind: 'compacted' });
    expect(calls()).toBe(2);
  });

  it('is not asked again for what its answer already told', async () => {
    const usage = { ...USAGE, input_tokens: 7_000 };
    const script = scripted([{ ...CALL, usage }, answers(said('Done.'))]);
    const { provider, calls } = counted(script, 1);
    const session = await begin(provider, LONG);
    await session.step();
    const before = calls();
    await session.step();
    expect(calls()).toBe(before);
  });
});
