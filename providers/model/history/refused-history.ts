/**
 * Why a vendor refuses a conversation for what it holds of the vendor's own data. Each would be refused again with every later message,
 * so that the session could never go on.
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
  | 'thinking-first';

interface Wording {
  refusal: HistoryRefusal;
  words: RegExp;
  /** Whose they are, and where that can be read. */
  source: string;
}

/** The first that matches counts. */
const WORDINGS: readonly Wording[] = [
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
  // A credential or a rate is another matter, whatever the words.
  if (status === 401 || status === 402 || status === 403 || status === 429) return undefined;
  return WORDINGS.find(({ words }) => words.test(message))?.refusal;
}
