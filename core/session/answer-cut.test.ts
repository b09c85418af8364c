import { describe, expect, it } from 'vitest';
import type { ModelResponse, ResponseBlock } from '../../providers/model/model-provider.ts';
import { answerCut, cutNote } from './answer-cut.ts';

const text = (said: string): ResponseBlock => ({ type: 'text', text: said });
const thought: ResponseBlock = {
  type: 'thinking',
  opaque: { type: 'opaque', provider: 'test', data: {} },
};
const call = (input: { a: number } | null): ResponseBlock => ({
  type: 'tool_use',
  name: 'bash',
  input,
  vendor: { provider: 'test', callId: null },
});

type Case = [ModelResponse['stop'], ResponseBlock[], ReturnType<typeof answerCut>];

describe('an answer', () => {
  it.each<Case>([
    ['end_turn', [text('Done.')], null],
    ['end_turn', [thought, text('Done.')], null],
    ['tool_use', [call({ a: 1 })], null],
    ['tool_use', [call(null)], null],
    ['refusal', [], null],
    ['refusal', [thought], null],
    ['max_tokens', [thought, text('So far')], { cause: 'output_limit', part: 'text' }],
    ['max_tokens', [text('So far'), thought], { cause: 'output_limit', part: 'text' }],
    ['max_tokens', [thought], { cause: 'output_limit', part: 'thinking' }],
    ['max_tokens', [thought, text('\n\n')], { cause: 'output_limit', part: 'thinking' }],
    ['max_tokens', [], { cause: 'output_limit', part: 'nothing' }],
    ['max_tokens', [text('I write it.'), call(null)], { cause: 'output_limit', part: 'call' }],
    // The whole call runs all the same.
    ['max_tokens', [call({ a: 1 }), call(null)], { cause: 'output_limit', part: 'call' }],
    ['max_tokens', [call({ a: 1 }), text('So f')], null],
    ['context_overflow', [text('So far')], { cause: 'context_limit', part: 'text' }],
    ['context_overflow', [call(null)], { cause: 'context_limit', part: 'call' }],
    ['paused', [text('So far')], { cause: 'pause', part: 'text' }],
    ['malformed_call', [thought], { cause: 'malformed', part: 'thinking' }],
    ['malformed_call', [text('I call it.')], { cause: 'malformed', part: 'text' }],
    ['missing_call', [text('I look.')], { cause: 'missing', part: 'text' }],
    ['missing_call', [thought], { cause: 'empty', part: 'thinking' }],
    ['missing_call', [], { cause: 'empty', part: 'nothing' }],
    ['end_turn', [], { cause: 'empty', part: 'nothing' }],
    ['end_turn', [text(' \n')], { cause: 'empty', part: 'nothing' }],
    ['end_turn', [thought], { cause: 'empty', part: 'thinking' }],
  ])('that stops with %s and holds %j', (stop, blocks, cut) => {
    expect(answerCut({ stop, blocks })).toEqual(cut);
  });

  it('that was cut off in a call says so in the result of the call alone', () => {
    expect(cutNote({ cause: 'output_limit', part: 'call' })).toBeNull();
    expect(cutNote({ cause: 'output_limit', part: 'text' })).toContain('exactly where it stops');
    expect(cutNote({ cause: 'context_limit', part: 'text' })).toContain('context window');
    expect(cutNote({ cause: 'empty', part: 'nothing' })).toContain('was empty');
    expect(cutNote({ cause: 'missing', part: 'text' })).toContain('none came');
  });

  it('of which the server tells why a call could not be read tells the model, and not for ever', () => {
    const cut = answerCut({
      stop: 'malformed_call',
      blocks: [],
      said: `no tool of that name${'!'.repeat(9_000)}`,
    });
    expect(cut).toMatchObject({ cause: 'malformed', part: 'nothing' });
    const note = cut && cutNote(cut);
    expect(note).toContain('no tool of that name');
    expect(note?.length).toBeLessThan(1_000);
  });
});
