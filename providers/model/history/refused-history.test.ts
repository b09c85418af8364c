import { describe, expect, it } from 'vitest';
import { refusalOf, toModelError } from '../vendor-failure.ts';
import type { HistoryRefusal } from './refused-history.ts';

describe('a history that a vendor refuses', () => {
  it.each<[HistoryRefusal, vendor: string, status: number | undefined, message: string, type?: string]>([
    [
      'reasoning-missing',
      'DeepSeek V3.2',
      400,
      'Missing `reasoning_content` field in the assistant message at message index 2. For more information, please refer to https://api-docs.deepseek.com/guides/thinking_mode#tool-calls',
    ],
    [
      'reasoning-missing',
      'DeepSeek V4',
      400,
      'The `reasoning_content` in the thinking mode must be passed back to the API.',
      'invalid_request_error',
    ],
    [
      'reasoning-missing',
      'DeepSeek, Anthropic’s protocol',
      400,
      'The `content[].thinking` in the thinking mode must be passed back to the API.',
    ],
    [
      'reasoning-missing',
      'DeepSeek behind a router',
      400,
      '[deepseek/deepseek-reasoner] [400]: Missing reasoning_content field in the assistant message at message index 2.',
    ],
    [
      'reasoning-missing',
      'Kimi',
      400,
      'thinking is enabled but reasoning_content is missing in assistant tool call message at index 2',
    ],
    [
      'reasoning-missing',
      'Kimi behind a router',
      400,
      'Error from provider: Provider returned error: thinking is enabled but reasoning_content is missing in assistant tool call message at index 3',
    ],
    [
      'reasoning-unknown',
      'Groq',
      400,
      "'messages.4' : for 'role:assistant' the following must be satisfied[('messages.4' : property 'reasoning_content' is unsupported)]",
      'invalid_request_error',
    ],
    [
      'reasoning-unknown',
      'Groq, another model',
      400,
      'messages[3].reasoning: reasoning is not supported with this model',
    ],
    [
      'reasoning-unknown',
      'Cerebras',
      400,
      "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported",
      'wrong_api_format',
    ],
    [
      'reasoning-unknown',
      'Mistral',
      422,
      'body.messages.31.assistant.reasoning_content: Extra inputs are not permitted',
    ],
    [
      'reasoning-unknown',
      'Mistral, as a list',
      422,
      '[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted"}]',
    ],
    [
      'reasoning-unknown',
      'OpenAI',
      400,
      'Unrecognized request argument supplied: messages[1].reasoning_details',
    ],
    [
      'reasoning-unknown',
      'a proxy of Anthropic’s protocol',
      422,
      "body -> messages -> 1 -> content -> list[...] -> 0: Input tag 'thinking' found using 'type' does not match any of the expected tags: 'text', 'image', 'tool_use', 'tool_result'",
    ],
    ['data-refused', 'Anthropic', 400, 'messages.1.content.0: Invalid `signature` in `thinking` block'],
    [
      'data-refused',
      'Anthropic, changed',
      400,
      'messages.45.content.22: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
    ],
    [
      'data-refused',
      'Anthropic, hidden',
      400,
      'messages.3.content.0: Invalid `data` in `redacted_thinking` block',
    ],
    ['data-refused', 'Anthropic, unsigned', 400, 'messages.1.content.0.thinking.signature: Field required'],
    [
      'data-refused',
      'OpenAI',
      400,
      'The encrypted content gAAA...DQ== could not be verified.',
      'invalid_encrypted_content',
    ],
    [
      'data-refused',
      'OpenAI, in a stream',
      undefined,
      'The encrypted content for item rs_0a18166210d72b5e0069fd938e69a08193a992a58d690a224b could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
    ],
    [
      'data-refused',
      'OpenAI, not stored',
      404,
      "Item with id 'rs_04962823ecde01b901698e138042688193a657e07614b238c3' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.",
    ],
    [
      'data-refused',
      'OpenAI, alone',
      400,
      "Item 'rs_68a' of type 'reasoning' was provided without its required following item.",
    ],
    [
      'data-refused',
      'OpenAI, without',
      400,
      "Item 'fc_68a' of type 'function_call' was provided without its required 'reasoning' item: 'rs_68b'.",
    ],
    ['data-refused', 'Gemini', 400, 'Corrupted thought signature.', 'INVALID_ARGUMENT'],
    ['data-refused', 'Gemini, stale', 400, 'Invalid thought signature.', 'INVALID_ARGUMENT'],
    [
      'data-refused',
      'Vertex',
      400,
      'Unable to submit request because Thought signature is not valid.. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini',
    ],
    [
      'signature-missing',
      'Gemini',
      400,
      'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:shell` , position 2.',
      'INVALID_ARGUMENT',
    ],
    [
      'signature-missing',
      'Gemini, older',
      400,
      'Function call `tool_name` in the `1.` content block is missing a `thought_signature`.',
    ],
    [
      'signature-missing',
      'Gemini, as the reason for the end',
      undefined,
      'the answer broke off (MISSING_THOUGHT_SIGNATURE)',
    ],
    [
      'thinking-first',
      'Anthropic',
      400,
      'messages.129.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks).',
    ],
    [
      'reasoning-unknown',
      'Fireworks',
      400,
      "Extra inputs are not permitted, field: 'messages[2].reasoning', value: 'hm'",
    ],
    [
      'data-refused',
      'Anthropic, empty',
      400,
      'messages.1.content.0.thinking: each thinking block must contain thinking',
    ],
    [
      'data-refused',
      'Anthropic, not thinking',
      400,
      'messages.3.content.0: When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`.',
    ],
    [
      'data-refused',
      'OpenAI, twice',
      400,
      'Duplicate item found with id rs_68a. Remove duplicate items from your input and try again.',
    ],
    ['data-refused', 'xAI', 400, 'Could not decrypt the provided encrypted_content.'],
    [
      'data-refused',
      'Gemini, of other bytes',
      400,
      'Invalid value at \'contents[1].parts[0].thought_signature\' (TYPE_BYTES), Base64 decoding failed for "x"',
    ],
  ])('is known: %s of %s', (history, _vendor, status, message, type) => {
    const error = toModelError({ vendor: 'V', status, message, type });
    expect(error.code).toBe('model_request_refused');
    expect(refusalOf(error)).toMatchObject({ history, size: undefined });
  });

  it.each<[what: string, status: number, message: string]>([
    ['an effort', 400, "Unsupported parameter: 'reasoning_effort' is not supported with this model."],
    [
      'an effort of Responses',
      400,
      "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    ],
    ['a summary', 400, 'Your organization must be verified to generate reasoning summaries.'],
    ['a budget', 400, '`max_tokens` must be greater than `thinking.budget_tokens`.'],
    ['a key', 401, 'The `reasoning_content` in the thinking mode must be passed back to the API.'],
    ['a tool', 400, 'messages.3: tool_use ids were found without tool_result blocks immediately after'],
    ['an item', 404, "Item with id 'msg_1' not found."],
    ['a model', 404, 'The model `deepseek-reasoner` does not exist.'],
  ])('is not %s', (_what, status, message) => {
    expect(refusalOf(toModelError({ vendor: 'V', status, message }))?.history).toBeUndefined();
  });
});
