import type { Response, ResponseOutputItem } from 'openai/resources/responses/responses';
import { describe, expect, it } from 'vitest';
import type { ModelResponse } from '../../model-provider.ts';
import { createToolNames } from '../../tool-names.ts';
import { toModelResponse } from './to-model-response.ts';

const SAID = {
  type: 'message',
  content: [{ type: 'output_text', text: 'So far', annotations: [] }],
} as unknown as ResponseOutputItem;
const CALL = {
  type: 'function_call',
  call_id: 'c',
  name: 'bash',
  arguments: '{"command":"ls"}',
} as unknown as ResponseOutputItem;

function read(of: object, items: ResponseOutputItem[]): ModelResponse {
  const usage = { input_tokens: 1_000, output_tokens: 100 };
  return toModelResponse(items, { usage, ...of } as unknown as Response, {
    provider: 'test',
    names: createToolNames(['bash'], () => true, 64),
    contextWindow: 10_000,
    maxOutputTokens: 500,
    requestId: undefined,
  });
}
const incomplete = (reason?: string) => ({
  status: 'incomplete',
  incomplete_details: reason === undefined ? null : { reason },
});

describe('the end of a response', () => {
  it.each<[object, ResponseOutputItem[], ModelResponse['stop']]>([
    [{ status: 'completed' }, [SAID], 'end_turn'],
    [{ status: 'completed' }, [CALL], 'tool_use'],
    [incomplete('max_output_tokens'), [SAID], 'max_tokens'],
    [incomplete('max_tokens'), [SAID], 'max_tokens'],
    // The prompt alone filled the window.
    [incomplete('max_output_tokens'), [], 'context_overflow'],
    [incomplete(), [SAID], 'max_tokens'],
    [incomplete('a_word_of_tomorrow'), [SAID], 'max_tokens'],
    [incomplete('model_context_window_exceeded'), [SAID], 'context_overflow'],
    [incomplete('content_filter'), [SAID], 'refusal'],
    [incomplete('safety'), [], 'refusal'],
  ])('%j is %3$s', (of, items, stop) => {
    expect(read(of, items).stop).toBe(stop);
  });

  it('names the filter that stopped it, and runs no call of it', () => {
    const { blocks, refusal } = read(incomplete('content_filter'), [SAID, CALL]);
    expect(blocks).toEqual([{ type: 'text', text: 'So far' }]);
    expect(refusal?.explanation).toContain('content_filter');
  });

  it('gives no input to the call that it broke off in', () => {
    expect(read(incomplete('max_output_tokens'), [SAID, CALL]).blocks.at(-1)).toMatchObject({ input: null });
  });
});
