/**
 * What a vendor's word for the end of an answer means. `end`: the model stopped by itself, with or without calls. `length`: the output
 * limit. `window`: the end of the context window. `refused`: a filter or the model itself. `pause`: the vendor wants to be asked to go on.
 * `malformed`: the model wrote a call that the vendor could not read. `broken`: the server gave up in the middle; asking again may help.
 * `unknown`: a word of no table, so that what came decides.
 */
export type FinishKind =
  'end' | 'length' | 'window' | 'refused' | 'pause' | 'malformed' | 'broken' | 'unknown';

/** The words of all vendors in lower case. Compatible servers and gateways pass each other's on, so there is one table for all. */
const WORDS: Readonly<Record<Exclude<FinishKind, 'unknown'>, readonly string[]>> = {
  end: [
    // OpenAI and everybody; text generation inference, Cohere, Anthropic, Bedrock, Ollama
    'stop',
    'tool_calls',
    'function_call',
    'eos',
    'eos_token',
    'complete',
    'tool_call',
    'end_turn',
    'stop_sequence',
    'tool_use',
    'completed',
    'done',
  ],
  length: ['length', 'max_tokens', 'max_output_tokens', 'max_completion_tokens', 'max_length', 'token_limit'],
  // Mistral; Anthropic and GLM; DeepSeek behind gateways
  window: [
    'model_length',
    'model_context_window_exceeded',
    'context_length_exceeded',
    'context_length',
    'error_limit',
  ],
  refused: [
    // OpenAI and Azure; Anthropic; GLM; Bedrock; Cohere
    'content_filter',
    'content_filtered',
    'refusal',
    'sensitive',
    'guardrail_intervened',
    'error_toxic',
    // Gemini: of the answer
    'safety',
    'recitation',
    'language',
    'blocklist',
    'prohibited_content',
    'spii',
    'image_safety',
    'image_prohibited_content',
    'image_recitation',
    'model_armor',
    // Gemini: of the prompt
    'jailbreak',
  ],
  pause: ['pause_turn'],
  malformed: [
    'malformed_function_call',
    'unexpected_tool_call',
    'malformed_tool_use',
    'malformed_tool_call',
    'too_many_tool_calls',
  ],
  broken: [
    // OpenRouter, Mistral and Cohere; vLLM and SGLang; DeepSeek; GLM
    'error',
    'abort',
    'aborted',
    'cancelled',
    'canceled',
    'timeout',
    'insufficient_system_resource',
    'network_error',
    'load',
    // vLLM: the model went round in circles; text generation inference
    'repetition',
    'max_time',
    // Gemini
    'malformed_response',
    'malformed_model_output',
    'other',
    'image_other',
    'no_image',
    'missing_thought_signature',
    'finish_reason_unspecified',
    'blocked_reason_unspecified',
  ],
};

const KINDS: ReadonlyMap<string, FinishKind> = new Map(
  Object.entries(WORDS).flatMap(([kind, words]) => words.map((word) => [word, kind as FinishKind] as const)),
);

/** Reads a vendor's word, however it is spelled: `MAX_TOKENS`, `max-tokens`, `SAFETY`. */
export function finishKind(word: string | null | undefined): FinishKind {
  return KINDS.get((word ?? '').trim().toLowerCase().replaceAll(/[-\s]/g, '_')) ?? 'unknown';
}

/** Whether a vendor's word says that the answer ends with a call. */
export function announcesCall(word: string | null | undefined): boolean {
  return finishKind(word) === 'end' && /tool|function/i.test(word ?? '');
}

/**
 * Whether an answer that passes for whole was cut off at its limit: it has as many tokens as it might. vLLM says `tool_calls` of a call that it
 * cut off, and a few servers `stop` of any answer.
 *
 * @param reported - the tokens of the answer, where the server counts them.
 */
export function isCutUnsaid(
  kind: FinishKind,
  reported: number | undefined,
  maxOutputTokens: number,
): boolean {
  return (kind === 'end' || kind === 'unknown') && reported === maxOutputTokens;
}

/** The vendor's word where no table has it, for people to read. */
export function unknownWord(word: string | null | undefined): { said?: string } {
  const text = (word ?? '').trim().slice(0, 80).toWellFormed();
  return text !== '' && finishKind(text) === 'unknown' ? { said: text } : {};
}

/**
 * The reason that counts of two: the later one, but no plain end after a word that says more, as of servers that close an answer that was
 * cut off with one more chunk.
 */
export function laterReason(before: string | null, word: string | null | undefined): string | null {
  if (word === null || word === undefined || word === '') return before;
  const said = finishKind(before);
  return finishKind(word) === 'end' && said !== 'end' && said !== 'unknown' ? before : word;
}

/** What people are told where a vendor broke an answer off with nothing but a word. */
export function refusalText(word: string): string {
  return `The provider’s filter stopped the answer (${word}).`;
}
