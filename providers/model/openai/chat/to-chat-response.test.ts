import { describe, expect, it } from 'vitest';
import type { ModelResponse } from '../../model-provider.ts';
import { createToolNames } from '../../tool-names.ts';
import type { CollectedChat, CollectedPart } from './read-chat-stream.ts';
import { toChatResponse } from './to-chat-response.ts';

const TEXT: CollectedPart = { type: 'text', text: 'So far' };
const CALL: CollectedPart = { type: 'tool_use', id: 'c', name: 'bash', json: '{"command":"ls"}' };

function read(finish: string | null, parts: CollectedPart[], completionTokens = 100): ModelResponse {
  const usage = { prompt_tokens: 1_000, completion_tokens: completionTokens, total_tokens: 0 };
  return readChat({ parts, refusal: '', finish, usage, id: null, model: null });
}

function readChat(chat: CollectedChat): ModelResponse {
  return toChatResponse(chat, {
    provider: 'test',
    names: createToolNames(['bash'], () => true, 64),
    request: { model: 'm', system: '', messages: [], tools: [], maxOutputTokens: 500, sessionId: 's' },
    contextWindow: 1_200,
    requestId: undefined,
  });
}

describe('the end of a chat completion', () => {
  it.each<[string, CollectedPart[], ModelResponse['stop']]>([
    ['stop', [TEXT], 'end_turn'],
    ['stop', [], 'end_turn'],
    ['tool_calls', [CALL], 'tool_use'],
    // A server whose parser of calls failed still says this.
    ['tool_calls', [TEXT], 'missing_call'],
    ['tool_calls', [], 'missing_call'],
    ['function_call', [TEXT], 'missing_call'],
    ['function_call', [CALL], 'tool_use'],
    ['stop', [CALL], 'tool_use'],
    ['eos_token', [TEXT], 'end_turn'],
    ['length', [TEXT], 'max_tokens'],
    ['MAX_TOKENS', [TEXT], 'max_tokens'],
    ['model_length', [TEXT], 'context_overflow'],
    ['model_context_window_exceeded', [TEXT], 'context_overflow'],
    ['content_filter', [TEXT], 'refusal'],
    ['sensitive', [], 'refusal'],
    ['guardrail_intervened', [], 'refusal'],
    ['SAFETY', [], 'refusal'],
    ['malformed_function_call', [], 'malformed_call'],
    ['a_word_of_tomorrow', [TEXT], 'end_turn'],
    ['a_word_of_tomorrow', [CALL], 'tool_use'],
  ])('%s with %j is %s', (finish, parts, stop) => {
    expect(read(finish, parts).stop).toBe(stop);
  });

  it('tells the end of the window from the limit of the answer by the numbers', () => {
    expect(read('length', [TEXT], 200).stop).toBe('context_overflow');
    expect(read('length', [TEXT], 500).stop).toBe('max_tokens');
    // Nothing was said: what was counted is thinking that is not shown, or there was no room for anything.
    expect(read('length', [], 500).stop).toBe('max_tokens');
    expect(read('length', [], 0).stop).toBe('context_overflow');
  });

  it.each(['tool_calls', 'stop', 'eos_token', 'a_word_of_tomorrow'])(
    'is cut off where it is as long as it may be, although the server says %s',
    (finish) => {
      const { stop, blocks } = read(finish, [TEXT, CALL], 500);
      expect(stop).toBe('max_tokens');
      expect(blocks.at(-1)).toMatchObject({ type: 'tool_use', input: null });
      expect(read(finish, [TEXT], 500).stop).toBe('max_tokens');
      expect(read(finish, [], 500).stop).toBe('max_tokens');
      // Servers that know no limit go beyond it.
      expect(read(finish, [CALL], 501).stop).toBe('tool_use');
    },
  );

  it('is told in the words of the server where they are in no table', () => {
    expect(read('a_word_of_tomorrow', []).said).toBe('a_word_of_tomorrow');
    expect(read('stop', []).said).toBeUndefined();
    expect(read(null, []).said).toBeUndefined();
  });

  it('that is empty at a limit met the answer’s, where nothing was counted and the prompt is short', () => {
    const chat: CollectedChat = {
      parts: [],
      refusal: '',
      finish: 'length',
      usage: null,
      id: null,
      model: null,
    };
    expect(readChat(chat).stop).toBe('max_tokens');
  });

  it('counts thinking that is only in the total, as xAI’s is', () => {
    const usage = { prompt_tokens: 100, completion_tokens: 0, total_tokens: 600 };
    const chat: CollectedChat = { parts: [], refusal: '', finish: 'length', usage, id: null, model: null };
    const { stop, usage: counted } = readChat(chat);
    expect(counted.output_tokens).toBe(500);
    expect(stop).toBe('max_tokens');
  });

  it('names the filter that stopped an answer, and runs no call of it', () => {
    const { blocks, refusal } = read('content_filter', [TEXT, CALL]);
    expect(blocks).toEqual([{ type: 'text', text: 'So far' }]);
    expect(refusal?.explanation).toBe('The provider’s filter stopped the answer (content_filter).');
  });

  it('gives no input to a call that was cut off, by whatever word', () => {
    for (const finish of ['length', 'max_output_tokens', 'model_length']) {
      expect(read(finish, [TEXT, CALL]).blocks.at(-1)).toMatchObject({ type: 'tool_use', input: null });
    }
  });
});
