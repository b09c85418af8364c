import { describe, expect, it } from 'vitest';
import { finishKind, type FinishKind } from './finish-words.ts';

describe('the word for the end of an answer', () => {
  it.each<[string | null, FinishKind]>([
    ['stop', 'end'],
    ['STOP', 'end'],
    ['tool_calls', 'end'],
    ['tool-calls', 'end'],
    ['eos_token', 'end'],
    ['COMPLETE', 'end'],
    ['stop_sequence', 'end'],
    ['length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['max_output_tokens', 'length'],
    ['model_length', 'window'],
    ['model_context_window_exceeded', 'window'],
    ['content_filter', 'refused'],
    ['sensitive', 'refused'],
    ['guardrail_intervened', 'refused'],
    ['ERROR_TOXIC', 'refused'],
    ['SAFETY', 'refused'],
    ['RECITATION', 'refused'],
    ['LANGUAGE', 'refused'],
    ['BLOCKLIST', 'refused'],
    ['PROHIBITED_CONTENT', 'refused'],
    ['SPII', 'refused'],
    ['IMAGE_SAFETY', 'refused'],
    ['MALFORMED_FUNCTION_CALL', 'malformed'],
    ['UNEXPECTED_TOOL_CALL', 'malformed'],
    ['pause_turn', 'pause'],
    ['error', 'broken'],
    ['insufficient_system_resource', 'broken'],
    ['network_error', 'broken'],
    ['repetition', 'broken'],
    ['OTHER', 'broken'],
    ['a word of tomorrow', 'unknown'],
    ['', 'unknown'],
    [null, 'unknown'],
  ])('%j means %s', (word, kind) => {
    expect(finishKind(word)).toBe(kind);
  });
});
