/**
 * What the model answered, where a vendor reports it as an error. `malformed_call`: it wrote a call that the server could not read.
 * `refusal`: a filter stopped the prompt or the answer.
 */
export type AnswerInError = 'malformed_call' | 'refusal';

interface Failure {
  status?: number | undefined;
  type?: string | undefined;
  message?: string | undefined;
}

const CODES: ReadonlyMap<string, AnswerInError> = new Map([
  // Groq: https://console.groq.com/docs/errors, https://github.com/anomalyco/opencode/issues/1018
  ['tool_use_failed', 'malformed_call'],
  ['output_parse_failed', 'malformed_call'],
  // Azure and Kimi: https://github.com/MoonshotAI/kimi-cli/issues/1002
  ['content_filter', 'refusal'],
  ['ResponsibleAIPolicyViolation', 'refusal'],
  // OpenAI, OpenRouter, LiteLLM
  ['content_policy_violation', 'refusal'],
  ['cyber_policy', 'refusal'],
  ['bio_policy', 'refusal'],
  ['misalignment_policy_violation', 'refusal'],
  ['refusal', 'refusal'],
  // Qwen
  ['data_inspection_failed', 'refusal'],
  ['DataInspectionFailed', 'refusal'],
  // Gateways of new-api
  ['sensitive_words_detected', 'refusal'],
  // GLM; MiniMax: of the input, of the output
  ['1301', 'refusal'],
  ['1026', 'refusal'],
  ['1027', 'refusal'],
]);

interface Wording {
  answer: AnswerInError;
  words: RegExp;
  /** Whose they are, and where that can be read. */
  source: string;
}

const WORDINGS: readonly Wording[] = [
  {
    answer: 'malformed_call',
    words: /failed to call a function|tool call validation failed|tool_use_failed/i,
    source:
      'Groq: https://github.com/vercel/ai/issues/5282; behind LiteLLM: https://github.com/OpenHands/OpenHands/issues/10187',
  },
  {
    answer: 'malformed_call',
    words: /error parsing tool call/i,
    source:
      'Ollama: https://github.com/ollama/ollama/issues/12884, https://github.com/ollama/ollama/issues/17638',
  },
  {
    answer: 'malformed_call',
    words: /failed to parse input at pos \d+/i,
    source:
      'llama.cpp: https://github.com/ggml-org/llama.cpp/issues/20260, https://github.com/pwilkin/llama.cpp/issues/9',
  },
  {
    answer: 'malformed_call',
    words: /model produced invalid sequence as part of ToolUse/i,
    source: 'Bedrock: https://github.com/strands-agents/harness-sdk/issues/649',
  },
  {
    answer: 'malformed_call',
    words: /unexpected tokens remaining in message header|unexpected token \d+ while expecting start token/i,
    source:
      'vLLM with gpt-oss: https://github.com/vllm-project/vllm/issues/23567, https://github.com/vllm-project/vllm/issues/22519',
  },
  {
    answer: 'refusal',
    words: /content management policy|ContentPolicyViolationError/i,
    source: 'Azure: https://github.com/openai/openai-agents-python/issues/806',
  },
  {
    answer: 'refusal',
    words: /prompt was flagged as potentially violating|limited access to this content for safety reasons/i,
    source: 'OpenAI: https://github.com/alan-turing-institute/t0-1/issues/69',
  },
  {
    answer: 'refusal',
    words: /output blocked by content filtering policy/i,
    source: 'Anthropic: https://github.com/anthropics/claude-code/issues/28205',
  },
  {
    answer: 'refusal',
    words: /content violates usage guidelines/i,
    source:
      'xAI, as 403: https://github.com/theopenco/llmgateway/pull/1785, https://github.com/UKGovernmentBEIS/inspect_ai/pull/2267',
  },
  {
    answer: 'refusal',
    words: /requires moderation|input was flagged/i,
    source: 'OpenRouter, as 403: https://openrouter.ai/docs/api-reference/errors',
  },
  {
    answer: 'refusal',
    words: /content exists risk/i,
    source: 'DeepSeek: https://github.com/deepseek-ai/DeepSeek-V2/issues/30',
  },
  {
    answer: 'refusal',
    words: /request was rejected because it was considered high risk/i,
    source: 'Kimi: https://github.com/MoonshotAI/kimi-cli/issues/1002',
  },
  {
    answer: 'refusal',
    words: /(?:input|output)(?: or output)?(?: text)? data may contain inappropriate content/i,
    source: 'Qwen: https://github.com/langgenius/dify/issues/7932',
  },
  {
    answer: 'refusal',
    words: /不安全或敏感内容|(?:input|output) new_sensitive/i,
    source:
      'GLM: https://github.com/langchain4j/langchain4j/issues/1079; MiniMax: https://github.com/NousResearch/hermes-agent/pull/37851',
  },
  {
    answer: 'refusal',
    words: /input contains sensitive words/i,
    source: 'gateways of new-api: https://github.com/openai/openai-cookbook/issues/1224',
  },
  {
    answer: 'refusal',
    words: /contains sensitive words that violate google|prompt (?:was|is) blocked (?:due to|by|because)/i,
    source: 'Vertex AI: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/responsible-ai',
  },
  {
    answer: 'refusal',
    words: /violated (?:guardrail|moderation|content safety) policy/i,
    source: 'LiteLLM: https://docs.litellm.ai/docs/proxy/guardrails/quick_start',
  },
];

/** What a refusal was about, in the words of the API, where the vendor's code says so. */
export function refusalCategory(type: string | undefined): 'cyber' | 'bio' | null {
  return type === 'cyber_policy' ? 'cyber' : type === 'bio_policy' ? 'bio' : null;
}

/** With these a key, an account, an address or the load is meant, whatever the words. */
const OTHER_STATUSES = new Set([401, 402, 404, 408, 429, 503, 529]);

/**
 * Reads an error that says what became of the model's answer, rather than that the request was wrong: the same request may be asked again,
 * or must not be, but nothing about it is to be mended. Undefined: it is another kind of failure.
 */
export function answerInError({ status, type, message = '' }: Failure): AnswerInError | undefined {
  if (status !== undefined && OTHER_STATUSES.has(status)) return undefined;
  const byCode = type === undefined ? undefined : CODES.get(type);
  return byCode ?? WORDINGS.find(({ words }) => words.test(message.trim()))?.answer;
}
