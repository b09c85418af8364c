/** What a vendor finds too large: the prompt for the model's window, or the answer that the request allows. */
export interface SizeRefusal {
  of: 'prompt' | 'answer';
  /** The vendor's limit where it names one: tokens of its window, or of an answer. */
  limit?: number;
}

/** What a vendor said of a request that it refused. */
export interface Refusal {
  /** HTTP status; undefined inside a stream. */
  status?: number | undefined;
  /** The vendor's own name or number for it. */
  type?: string | undefined;
  message?: string | undefined;
}

/**
 * Reads from a refusal whether something was too large. A vendor's own code is believed first; then its words. Words about rates look
 * alike but mean that the same request passes later, unless it is larger than the rate itself.
 */
export function readSizeRefusal({ status, type, message = '' }: Refusal): SizeRefusal | undefined {
  if (type !== undefined && CODES.has(type)) return sized('prompt', message);
  const allowance = ALLOWANCE.exec(message)?.groups;
  if (allowance !== undefined && Number(allowance['asked']) > Number(allowance['limit']))
    return { of: 'prompt', limit: Number(allowance['limit']) };
  if (isAboutRates(status, type, message)) return undefined;
  if (ANSWER_TOO_LONG.some(({ words }) => words.test(message))) return sized('answer', message);
  if (PROMPT_TOO_LONG.some(({ words }) => words.test(message))) return sized('prompt', message);
  // A body that is too large, whoever said so: an older part that is left out makes it smaller.
  return status === 413 ? { of: 'prompt' } : undefined;
}

function sized(of: SizeRefusal['of'], message: string): SizeRefusal {
  const table = of === 'answer' ? ANSWER_TOO_LONG : [...PROMPT_TOO_LONG, ...WINDOWS];
  for (const { words, last = 0 } of table) {
    const digits = words.exec(message)?.groups?.['limit']?.replace(/[,_]/g, '');
    const limit = Number(digits) + last;
    if (digits !== undefined && Number.isSafeInteger(limit) && limit > 0) return { of, limit };
  }
  return { of };
}

/**
 * One request that is larger than what the account may send in a minute. No waiting helps, so that it is one that is too long, for which
 * the allowance is the window; Groq counts the answer's limit as well.
 * OpenAI: https://github.com/vanna-ai/vanna-flask/issues/11; Groq: https://github.com/zeeyado/koassistant.koplugin/issues/106
 */
const ALLOWANCE =
  /request too large for .*tokens per min(?:ute)?\b.*\blimit:? (?<limit>\d+), requested:? (?<asked>\d+)/i;

/** Whether the request was refused for what else was asked in the same time, or for the account: the same one passes later. */
function isAboutRates(status: number | undefined, type: string | undefined, message: string): boolean {
  if (status === 429 || status === 401 || status === 402 || status === 403) return true;
  if (type !== undefined && RATE_CODES.has(type)) return true;
  return RATES.test(message);
}

const RATE_CODES = new Set(['rate_limit_exceeded', 'rate_limit_error', 'insufficient_quota', 'tokens']);

const RATES =
  /rate.?limit|too many requests|throttl|tokens? per (second|minute|min|hour|day|month)\b|\b(TPM|TPD|RPM)\b|quota|please wait|try again (in|later)\b/i;

/** Codes that mean nothing but a prompt that is too long. */
const CODES = new Set([
  // OpenAI, Azure, Groq and others: https://github.com/the-open-agent/openagent/issues/2344
  'context_length_exceeded',
  // llama.cpp: https://github.com/ggml-org/llama.cpp/pull/15780
  'exceed_context_size_error',
  // Z.ai: https://docs.z.ai/api-reference/api-code
  '1261',
  'model_context_window_exceeded',
  // Anthropic, of bytes: https://platform.claude.com/docs/en/api/errors
  'request_too_large',
  // GitHub Copilot
  'model_max_prompt_tokens_exceeded',
  // Glean: https://developers.glean.com/errors/token-limit-exceeded
  'token_limit_exceeded',
  // LiteLLM: https://docs.litellm.ai/docs/exception_mapping
  'ContextWindowExceededError',
  'context_window_exceeded',
  // GitHub Models
  'tokens_limit_reached',
]);

/** One vendor's words; the group `limit` is the number that they name. */
interface Wording {
  words: RegExp;
  /** Whose they are, and where that can be read. */
  source: string;
  /** What is added to the number: -1 where the vendor names the first one that is too many. */
  last?: number;
}

/** An answer that may not be so long; the prompt is fine. */
const ANSWER_TOO_LONG: readonly Wording[] = [
  {
    words: /max_(?:completion_)?tokens is too large[^.]*\. This model supports at most (?<limit>\d+)/i,
    source: 'OpenAI, Azure, MiMo: https://github.com/algorithmicsuperintelligence/optillm/issues/4',
  },
  {
    words: /max_tokens: \d+ > (?<limit>\d+), which is the maximum allowed number of output tokens/i,
    source: 'Anthropic: https://github.com/OpenHands/OpenHands/issues/11090',
  },
  {
    words: /range of max(?:_completion|_output)?_tokens (?:is|should be) \[\d+,\s*(?<limit>\d+)\]/i,
    source:
      'DeepSeek: https://github.com/we0-dev/we0/issues/56; Qwen: https://github.com/open-webui/open-webui/issues/10507',
  },
  {
    words:
      /max(?:_completion|_output)?[_ ]tokens[`'"]?[^.]{0,40}(?:must|should) be less than or equal to [`'"]?(?<limit>\d+)/i,
    source:
      'Groq: https://github.com/RooCodeInc/Roo-Code/issues/5136; Cohere: https://docs.cohere.com/v1/reference/errors; servers that validate with pydantic',
  },
  {
    words: /maxOutputTokens value of \d+ but the supported range is from \d+ \(inclusive\) to (?<limit>\d+)/i,
    last: -1,
    source: 'Gemini on Vertex',
  },
  {
    words: /maximum tokens you requested exceeds? the model limit of (?<limit>\d+)/i,
    source:
      'Bedrock: https://github.com/vercel/ai/issues/2772, https://github.com/charmbracelet/crush/issues/946',
  },
  {
    words: /max(?:_completion|_output)?_tokens.{0,80}expected a value <= (?<limit>\d+)/i,
    source: 'Volcengine: https://github.com/Gitlawb/openclaude/issues/331',
  },
  {
    words: /max(?:_completion|_output)?_tokens is limited for this model/i,
    source: 'Scaleway: https://github.com/scaleway/docs-content/pull/4858',
  },
];

/** A prompt that leaves no room in the model's window, or is too long as a text. */
const PROMPT_TOO_LONG: readonly Wording[] = [
  {
    words: /prompt is too long(?:: [\d,]+ tokens > (?<limit>[\d,]+))?/i,
    source:
      'Anthropic, also behind Bedrock and Vertex: https://portkey.ai/error-library/input-length-error-10153; Fireworks, Perplexity',
  },
  {
    words:
      /input length and [`'"]?max_tokens[`'"]? exceed context limit(?:: \d+ \+ \d+ > (?<limit>\d+))?|too many total text bytes/i,
    source: 'Anthropic: https://github.com/stackblitz/bolt.new/issues/7414',
  },
  {
    words: /request exceeds the maximum (?:allowed )?(?:size|number of bytes)/i,
    source: 'Anthropic, of bytes: https://platform.claude.com/docs/en/api/errors',
  },
  {
    words:
      /maximum (?:supported )?context (?:length|limit|size|window)(?: is| of|:)?(?: only)? ?(?<limit>\d[\d,_]*)?/i,
    source:
      'OpenAI, Azure, DeepSeek, vLLM, SGLang, OpenRouter (“This endpoint’s …”), NIM: https://github.com/vllm-project/vllm/issues/20409, https://github.com/bytedance/deer-flow/issues/310',
  },
  {
    words: /exceed(?:s|ed)? (?:the |this |its )?(?:model.?s? )?context (?:window|length|size|limit)/i,
    source:
      'OpenAI from GPT-5 on (“Your input exceeds the context window of this model”): https://github.com/onyx-dot-app/onyx/issues/6051; llama-cpp-python: https://github.com/abetlen/llama-cpp-python/issues/120; Ollama',
  },
  {
    words:
      /exceeded this model context window(?: limit \((?<limit>\d+)\))?|configured limit of (?:\d+)(?= tokens)/i,
    source:
      'Cloudflare; OpenAI and Azure (“Input tokens exceed the configured limit of …”): https://github.com/cline/cline/issues/5474',
  },
  {
    words: /reduce the length of (?:the|your) (?:messages|prompt|input|completion)/i,
    source:
      'Groq: https://github.com/badlogic/pi-mono/blob/main/packages/ai/src/utils/overflow.ts; OpenAI’s older words',
  },
  {
    words:
      /context length is only (?<limit>\d+)|(?:engine |decoder )?prompt \(?length:? \d+\)? (?:is longer|exceeds)/i,
    source:
      'vLLM: https://github.com/vllm-project/vllm/pull/36197, https://github.com/xorbitsai/inference/issues/3785',
  },
  {
    // An answer's limit above the whole window, which the server takes for no limit of its own: the window is what it names.
    words: /cannot be greater than max_model_len(?:=max_total_tokens)?(?:=(?<limit>\d+))?/i,
    source: 'vLLM: https://github.com/vllm-project/vllm/pull/36789; NIM',
  },
  {
    words:
      /sum of prompt length[^.]*\.?\d*\)[^.]{0,80}should not exceed max_(?:num_tokens|seq_len) \((?<limit>\d+)|default_max_tokens \(-?\d+\) should be greater than 0/i,
    source: 'TensorRT-LLM: https://github.com/NVIDIA/TensorRT-LLM/issues/9277',
  },
  {
    words: /input token count is \d+ but (?:the )?model only supports up to (?<limit>\d+)/i,
    source: 'Gemini on Vertex: https://github.com/google-gemini/gemini-cli/issues/19727',
  },
  {
    words: /cannot truncate prompt with n_keep(?: \(\d+\))? >= n_ctx(?: \((?<limit>\d+))?/i,
    source: 'LM Studio: https://github.com/anomalyco/opencode/issues/11141',
  },
  {
    words: /max_(?:completion_|new_)?tokens must be at least \d+, got -?\d+/i,
    source:
      'vLLM, where the prompt leaves no room: https://github.com/vllm-project/vllm/issues/4667, https://github.com/ovh/shai/issues/97',
  },
  {
    words:
      /input token count(?: \(\d+\))? exceeds the maximum number of tokens allowed(?: \(?(?<limit>\d+)\)?)?|request payload size exceeds the limit|text fields that are too large/i,
    source: 'Gemini: https://github.com/dyad-sh/dyad/issues/403',
  },
  {
    words:
      /input is too long|number of input tokens exceeds|too many input tokens(?:\. max input tokens: (?<limit>\d+))?|expected maxLength: \d+, actual: \d+/i,
    source: 'Bedrock: https://github.com/badlogic/pi-mono/blob/main/packages/ai/src/utils/overflow.ts',
  },
  {
    words: /maximum prompt length is (?<limit>\d+)/i,
    source: 'xAI: https://github.com/badlogic/pi-mono/blob/main/packages/ai/src/utils/overflow.ts',
  },
  {
    words: /range of input length should be \[\d+,\s*(?<limit>\d+)\]/i,
    source: 'Qwen: https://github.com/QwenLM/qwen-code/issues/98',
  },
  {
    words: /exceeded model token limit(?:: (?<limit>\d+))?|tokens in request more than max tokens allowed/i,
    source: 'Kimi: https://github.com/badlogic/pi-mono/blob/main/packages/ai/src/utils/overflow.ts',
  },
  {
    words:
      /prompt exceeds max(?:imum)? length|prompt tokens? too long|prompt\s*(?:tokens)?\s*超长|输入.{0,8}超(?:长|出)|上下文.{0,10}(?:超|过长)/i,
    source: 'Z.ai: https://docs.z.ai/api-reference/api-code; Qianfan',
  },
  {
    words: /too large for model with (?<limit>\d+) maximum context length/i,
    source: 'Mistral: https://portkey.ai/error-library/context-length-exceeded-error-13710000',
  },
  {
    words: /too many (?:prompt )?tokens(?:: [^.]*cannot exceed (?<limit>\d+))?/i,
    source: 'Cohere: https://portkey.ai/error-library/input-limit-exceeded-error-14610000; AI21',
  },
  {
    words:
      /inputs?[`'"]? tokens \+ [`'"]?max_new_tokens[`'"]? must be <= (?<limit>\d+)|inputs?[`'"]? must have less than (?:\d+) tokens/i,
    source:
      'TGI, Together, Hugging Face: https://github.com/huggingface/text-generation-inference/issues/628',
  },
  {
    words:
      /exceeds? the available context size(?: \((?<limit>\d+) tokens\))?|larger than the max context size|too big compared to KV size/i,
    source:
      'llama.cpp: https://github.com/ggml-org/llama.cpp/issues/17284, https://github.com/oobabooga/textgen/issues/7257',
  },
  {
    words:
      /tokens to keep from the initial prompt is greater than the context length|context the overflows|context length of only (?<limit>\d+)|reached context length of \d+/i,
    source: 'LM Studio: https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/546',
  },
  {
    words:
      /longer than the (?:model.?s (?:context|maximum) (?:length|model length)|maximum (?:model|allowed|context) length)(?:(?: of)? \(?(?<limit>\d+))?/i,
    source: 'SGLang: https://github.com/QwenLM/Qwen3/issues/1321',
  },
  {
    words:
      /(?:input|prompt) (?:length|size)[^.]{0,30} exceeds (?:the )?(?:maximum|max)(?:imum)?(?: allowed)? (?:input |prompt |token )?(?:length|size)(?: (?:of )?\(?(?<limit>\d+))?/i,
    source:
      'SGLang: https://github.com/sgl-project/sglang/issues/4048; DeepInfra, NIM: https://github.com/run-llama/llama_index/issues/15180',
  },
  {
    words: /context window exceeds limit|reached (?:its|the) context window limit/i,
    source:
      'Z.ai: https://github.com/modu-ai/moai-adk/issues/676; MiniMax, whose number in brackets is its error code: https://github.com/MiniMax-AI/MiniMax-M2/issues/119',
  },
  {
    words: /prompt token count of \d+ exceeds the limit of (?<limit>\d+)/i,
    source: 'GitHub Copilot: https://github.com/microsoft/GitHub-Copilot-for-Azure/issues/23',
  },
  {
    words: /number of input tokens \d+ cannot exceed the total tokens limit (?<limit>\d+)/i,
    source: 'watsonx',
  },
  {
    words:
      /maximum supported sequence length is just (?<limit>\d+)|must be less than(?: or equal to)? max_seq_len|too long to fit into the model|request body too large for .{0,80}max size/i,
    source: 'SambaNova; SiliconFlow; vLLM, with images; GitHub Models',
  },
  {
    words:
      /exceeds? max(?:imum)? message tokens|input tokens exceed model token limit|prompt is \d+ tokens but|prompt exceeds n_ctx|string value length \(\d+\) exceeds/i,
    source:
      'Volcengine; Salesforce: https://github.com/forcedotcom/Einstein-GPT-for-Developers/issues/228; RKLLM: https://github.com/jaylfc/taOS/issues/1738; Qwen’s gateway: https://github.com/QwenLM/qwen-code/issues/747',
  },
  {
    words:
      /Invalid '(?:messages|input|instructions)(?:[^']*\.(?:content|output|text|arguments)[^']*|(?:\[\d+\])?)': (?:string|array) too long/i,
    source:
      'OpenAI, of one text: https://github.com/gptscript-ai/clio/issues/41, https://github.com/VectorlyApp/bluebox/issues/31',
  },
  {
    words:
      /context[ _-]?(?:length|window|size|limit)[ _-]?(?:has been |is |was )?exceed(?:ed|s)|prompt too long|(?:context|token) limit (?:was )?exceeded|(?:conversation|context|prompt|messages?|input) (?:is|are) too long|context (?:the )?overflow/i,
    source:
      'LiteLLM (“ContextWindowExceededError”), Ollama, and others: https://docs.litellm.ai/docs/exception_mapping',
  },
];

/** Where else a vendor names its window, beside words that are in the tables. */
const WINDOWS: readonly Wording[] = [
  { words: /configured limit of (?<limit>\d+) tokens/i, source: 'OpenAI' },
  { words: /must have less than (?<limit>\d+) tokens/i, source: 'TGI' },
  { words: /reached context length of (?<limit>\d+)/i, source: 'LM Studio' },
  { words: /exceeds the max_model_len (?:of )?(?<limit>\d+)/i, source: 'vLLM' },
  { words: /limit for this model is (?<limit>\d+) tokens/i, source: 'Cohere' },
  { words: /max_seq_len \(?(?<limit>\d+)/i, source: 'SiliconFlow' },
  { words: /max size: (?<limit>\d+) tokens/i, source: 'GitHub Models' },
  { words: /\bn_ctx\b\D{0,12}(?<limit>\d+)/i, source: 'llama.cpp' },
  {
    words: /context (?:length|window|size)(?: limit)?(?: is| of|:|=)?(?: only)? \(?(?<limit>\d[\d,_]*)/i,
    source: 'any',
  },
];
