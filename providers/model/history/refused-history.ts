/**
 * Why a vendor refuses a conversation for its form, for what it holds of the vendor's own data, or for what is asked of its reasoning. Each would
 * be refused again with every later message, so that the session could never go on.
 */
export type HistoryRefusal =
  /** Reasoning is expected on an answer that has none. */
  | 'reasoning-missing'
  /** The field that the reasoning stands in is not known. */
  | 'reasoning-unknown'
  /** A signature or encrypted content is not accepted, or an item is not where it was. */
  | 'data-refused'
  /** A call has no signature. */
  | 'signature-missing'
  /** With thinking switched on, an answer must begin with thinking. */
  | 'thinking-first'
  /** The model does not think, or not in the way that is asked for. */
  | 'thinking-refused'
  /** No summaries of reasoning are made for this account or model. */
  | 'summaries-refused'
  /** The server or model gives no encrypted reasoning. */
  | 'encrypted-refused'
  /** There is no place for a system prompt, or none but at the beginning. */
  | 'system-refused'
  /** The one who speaks next is not expected to. */
  | 'order-refused'
  /** The ids of calls are of another form. */
  | 'ids-refused'
  /** An image or a document is not taken. */
  | 'media-refused'
  /** Something else in the conversation is not taken as it stands there. */
  | 'history-refused';

interface Wording {
  refusal: HistoryRefusal;
  words: RegExp;
  /** Whose they are, and where that can be read. */
  source: string;
}

/** The first that matches counts. */
const WORDINGS: readonly Wording[] = [
  {
    refusal: 'summaries-refused',
    words:
      /verified to generate reasoning summar|[`'"]?reasoning[._]summary[`'"]?[^.]{0,60}(?:unsupported|not supported)|(?:unsupported|unknown) parameter: [`'"]?reasoning[._]summary/i,
    source: 'OpenAI: https://github.com/BerriAI/litellm/issues/16032',
  },
  {
    refusal: 'encrypted-refused',
    words:
      /encrypted content is not supported|[`'"]include[`'"].{0,160}(?:unsupported|not supported|not permitted|unexpected|unknown|unrecognized|input should be)|(?:unsupported|unknown|unrecognized|invalid|unexpected|extra)[^.]{0,80}[`'"]?(?:include(?:\[\d+\])?[`'"]|reasoning\.encrypted_content)|request argument supplied: include\b/is,
    source:
      'OpenAI, of models that do not reason: https://github.com/OpenHands/software-agent-sdk/pull/1208, https://github.com/NousResearch/hermes-agent/pull/24234',
  },
  {
    refusal: 'thinking-refused',
    words:
      /thinking\.type\.\w+[`'"]? is not supported|(?:adaptive |extended )?thinking (?:mode |level |budget )?is not (?:supported|enabled|available)|does not support (?:adaptive |extended )?(?:thinking|reasoning)\b(?!_)|\bthinking[`'"]?: extra inputs are not permitted|(?:unsupported|unknown|unrecognized)[^.]{0,40}[`'"](?:reasoning|thinking|thinkingConfig|thinking_config|includeThoughts|include_thoughts)[`'"]/i,
    source:
      'Anthropic (https://github.com/cline/cline/issues/13203), Gemini, Ollama (“does not support thinking”): https://github.com/ollama/ollama/issues/10929',
  },
  {
    refusal: 'media-refused',
    words:
      /could not process (?:the )?(?:image|pdf|document)|image dimensions exceed|image exceeds \d|(?:image|vision|multimodal|pdf|document)s? (?:input |inputs )?(?:is|are) not supported|not support(?:ed)? (?:for )?(?:image|vision|multimodal|pdf|document)|endpoints found that support image input|too many (?:images|pdf pages)|at most \d+ images?\b|unsupported image|invalid (?:image|base64 image)|(?:unable|failed) to (?:process|decode|load|download|identify) (?:the |input |an )?image|cannot identify image|pdf (?:specified )?(?:was not valid|is password protected)|unknown variant [`'"]image_url/i,
    source:
      'Anthropic: https://github.com/anthropics/claude-code/issues/46127, https://github.com/gsd-build/gsd-2/issues/2874; OpenRouter, llama.cpp (mtmd), vLLM, DeepSeek',
  },
  {
    refusal: 'ids-refused',
    words:
      /tool[ _]?call[ _]id (?:was|must be) .{0,200}(?:length of 9|a-z)|(?:tool_calls[^']*\.id|call_id|tool_call_id)[`'"]?: string too long|tool_(?:use\.|use_)id: string should match/i,
    source: 'Mistral: https://github.com/anomalyco/opencode/issues/1680; OpenAI; Anthropic',
  },
  {
    refusal: 'system-refused',
    words:
      /(?:developer|system) instructions? (?:is|are) not (?:enabled|supported)|system (?:role|prompt|message)s? (?:is |are )?not (?:supported|allowed|enabled)|does not support [`'"]?(?:system|developer)\b|system message must be (?:at the beginning|the first)|only the first message can be a system|role [`'"]system[`'"] (?:is )?not (?:supported|allowed)|unexpected role [`'"]?(?:system|developer)/i,
    source:
      'Gemini (Gemma): https://github.com/google/adk-python/issues/3900; templates of Qwen: https://github.com/vllm-project/vllm/issues/41114; of Gemma 2',
  },
  {
    refusal: 'order-refused',
    words:
      /unexpected role [`'"]?\w+[`'"]? after role|roles must alternate|must alternate (?:between )?user|expected last role|invalid_request_message_order/i,
    source:
      'Mistral: https://github.com/zed-industries/zed/issues/37021; templates: https://github.com/ggml-org/llama.cpp/issues/19851',
  },
  {
    refusal: 'thinking-first',
    words: /expected [`'"]?thinking[`'"]? or [`'"]?redacted_thinking|must start with a thinking block/i,
    source: 'Anthropic: https://github.com/lbjlaq/Antigravity-Manager/issues/139',
  },
  {
    refusal: 'data-refused',
    words:
      /invalid [`'"]?(?:signature|data)[`'"]? in [`'"]?(?:redacted_)?thinking|thinking[`'"]? blocks.{0,80}cannot be modified|thinking\.signature: |each thinking block must contain|cannot contain [`'"]?thinking/i,
    source:
      'Anthropic: https://github.com/anthropics/anthropic-sdk-python/issues/1598, https://github.com/anthropics/claude-code/issues/63284',
  },
  {
    refusal: 'data-refused',
    words: /encrypted[_ ]content.{0,300}(?:could not be|cannot be|failed to|invalid)|could not decrypt/is,
    source:
      'OpenAI: https://github.com/openai/codex/issues/8119, also in a stream: https://github.com/smallmain/vscode-unify-chat-provider/issues/178',
  },
  {
    refusal: 'data-refused',
    words:
      /\brs_\w+.{0,40}not found|duplicate item found with id rs_|without its required (?:following|preceding) item|without its required [`'"]?reasoning/i,
    source:
      'OpenAI: https://github.com/anomalyco/opencode/issues/7724, https://github.com/can1357/oh-my-pi/issues/41',
  },
  {
    refusal: 'signature-missing',
    words: /missing[ _](?:a |the )?[`'"]?thought_?signature/i,
    source: 'Gemini: https://github.com/openai/openai-python/issues/2758',
  },
  {
    refusal: 'data-refused',
    words:
      /(?:corrupt(?:ed)?|invalid|unable to \w+) (?:the )?[`'"]?thought[_ ]?signature|thought[_ ]?signature[`'"]? (?:is |was )?(?:not valid|invalid|corrupt|\(TYPE_BYTES\))/i,
    source:
      'Gemini: https://github.com/google-gemini/gemini-cli/issues/13467, https://github.com/decolua/9router/issues/301',
  },
  {
    refusal: 'reasoning-missing',
    words:
      /missing [`'"]?(?:reasoning_content|reasoning_details|reasoning)\b|(?:reasoning_content|reasoning_details|reasoning content|\.thinking)[`'"]? (?:in the thinking mode must be|is missing|is required|must be (?:passed|provided|included|returned|sent)|(?:must|can) ?not be empty|field required)/i,
    source:
      'DeepSeek: https://github.com/continuedev/continue/issues/11285, https://github.com/deepseek-ai/DeepSeek-V3/issues/1262; Kimi: https://github.com/bytedance/deer-flow/issues/3043',
  },
  {
    refusal: 'reasoning-unknown',
    words:
      /(?:reasoning_content|reasoning_details|thinking_blocks|messages.{0,40}\breasoning)\b['"`\])]*.{0,80}(?:unsupported|not supported|not (?:be )?(?:permitted|allowed|included|accepted)|unexpected|unknown|unrecognized|extra)/is,
    source:
      'Groq: https://github.com/janhq/jan/issues/8136, https://github.com/vercel/ai/pull/8057; Cerebras: https://github.com/QwenLM/qwen-code/issues/11045; Mistral, LiteLLM: https://github.com/BerriAI/litellm/issues/30835, https://github.com/charmbracelet/crush/issues/1590',
  },
  {
    refusal: 'reasoning-unknown',
    words:
      /(?:extra (?:inputs|fields?)|extra_forbidden|unexpected|unknown|unrecognized|additional propert\w+|unsupported).{0,160}(?:reasoning_content|reasoning_details|thinking_blocks|messages\S{0,40}\breasoning\b)|tag ['"]thinking['"]/is,
    source: 'servers that validate with pydantic: https://github.com/CaddyGlow/ccproxy-api/pull/37',
  },
  {
    refusal: 'history-refused',
    words:
      /tool_(?:use|call)_?ids? (?:were found without|did not have response)|unexpected [`'"]?tool_(?:use|call)_id|tool_result[`'"]? blocks? (?:must|found)|messages? with role [`'"]?tool[`'"]? must be|no tool (?:call|output) found for|function call turn comes immediately after|number of function response parts|same number of function calls and responses|non-empty content|content blocks must (?:be|contain) non|final assistant content cannot end|assistant message prefill|must end with a user message|must have either content or tool_calls|content[`'"]? (?:field )?(?:cannot|can ?not|must not|may not) be (?:empty|null)/i,
    source:
      'Anthropic, OpenAI, Gemini, Mistral: https://github.com/smallmain/vscode-unify-chat-provider/issues/249',
  },
  {
    refusal: 'history-refused',
    words: /jinja|chat[ _]template|TemplateError|raise_exception|error rendering prompt/i,
    source: 'templates of vLLM, llama.cpp, LM Studio: https://github.com/ggml-org/llama.cpp/issues/21879',
  },
  {
    // A place in the conversation, as validators name it.
    refusal: 'history-refused',
    words: /\b(?:messages|contents|input)(?:\.|\[)\d+|[`'"](?:messages|contents|input)[`'"], ?\d+/,
    source: 'Anthropic, OpenAI, Gemini, pydantic',
  },
];

/** What of the conversation's own history a vendor refuses, by its words; undefined where it is something else. */
export function readHistoryRefusal({
  status,
  type = '',
  message = '',
}: {
  status?: number | undefined;
  type?: string | undefined;
  message?: string | undefined;
}): HistoryRefusal | undefined {
  if (type === 'invalid_encrypted_content') return 'data-refused';
  if (type === 'invalid_request_message_order') return 'order-refused';
  // A credential or a rate is another matter, whatever the words.
  if (status === 401 || status === 402 || status === 403 || status === 429) return undefined;
  return WORDINGS.find(({ words }) => words.test(message))?.refusal;
}
