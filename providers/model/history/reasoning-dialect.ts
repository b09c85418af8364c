import type { ReasoningHistory } from '../../../core/models/model-entry.ts';
import type { JsonObject } from '../../../core/json.ts';
import { isJsonObject } from '../tool-input.ts';
import type { UsualForm } from './history-form.ts';

/** How a vendor wants what its models thought to come back. */
interface Dialect {
  /** Its servers; any where it is left out. */
  host?: RegExp;
  /** Its models; any where it is left out. */
  model?: RegExp;
  reasoning?: ReasoningHistory;
  standIn?: boolean;
  standInSignature?: boolean;
  bridges?: boolean;
  shortIds?: boolean;
  system?: UsualForm['system'];
  /** Where that can be read. */
  source: string;
}

/**
 * What is known of vendors; the first row that matches counts. Reasoning goes back under the name it came with, so that no server gets
 * a field that it does not know; what differs is which of it, and what becomes of answers that have none.
 *
 * All of it is the rule: models that want no old reasoning leave it out themselves, in their chat template, and a conversation that keeps its
 * beginning keeps its place in the cache.
 */
const DIALECTS: readonly Dialect[] = [
  {
    host: /(^|\.)deepseek\.com$/,
    // This one never thinks.
    model: /^deepseek-chat$/,
    source: 'https://api-docs.deepseek.com/guides/thinking_mode',
  },
  {
    host: /(^|\.)deepseek\.com$/,
    standIn: true,
    source:
      'https://api-docs.deepseek.com/guides/thinking_mode: in all later turns; https://github.com/NousResearch/hermes-agent/pull/18263: an empty one is refused as well',
  },
  {
    host: /(^|\.)(moonshot\.(ai|cn)|kimi\.com|kimi\.ai)$/,
    model: /^kimi-(k2-thinking|k2\.\d|k[3-9]|for-coding)/,
    standIn: true,
    source:
      'https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model: with every call; old turns are used where `thinking.keep` is all',
  },
  {
    host: /(^|\.)(z\.ai|bigmodel\.cn)$/,
    source: 'https://docs.z.ai/guides/capabilities/thinking-mode: returned with results, and kept for coding',
  },
  {
    host: /(^|\.)(minimax\.io|minimaxi\.com)$/,
    source:
      'https://huggingface.co/MiniMaxAI/MiniMax-M2.7/blob/main/docs/tool_calling_guide.md: the whole answer goes back',
  },
  {
    // Wherever they run: their template counts.
    model: /(^|[/.])(open-)?(mi[sx]tral|ministral|devstral|codestral|magistral|pixtral|voxtral)/i,
    bridges: true,
    shortIds: true,
    source:
      'https://github.com/NousResearch/hermes-agent/issues/20154: no user after a tool; https://github.com/vllm-project/vllm/issues/9019: ids of nine letters and digits',
  },
  {
    model: /(^|\/)gemma-3/,
    host: /(^|\.)generativelanguage\.googleapis\.com$/,
    system: 'user',
    standInSignature: true,
    source: 'https://github.com/google/adk-python/issues/3900: no system instruction',
  },
  {
    host: /(^|\.)(generativelanguage|aiplatform)\.googleapis\.com$|-aiplatform\.googleapis\.com$/,
    standInSignature: true,
    source: 'https://ai.google.dev/gemini-api/docs/thought-signatures: on the first call of each answer',
  },
  {
    model: /(^|\/)(gpt-|o\d)/,
    reasoning: 'loop',
    source:
      'https://cookbook.openai.com/articles/openai-harmony: what was thought before an answer is of no use after it',
  },
];

/** The form to begin with, by the server's address, the model's name and what the configuration says. */
export function reasoningForm(of: {
  baseUrl: string | undefined;
  model: string;
  /** What the model's configuration says. */
  history?: ReasoningHistory | undefined;
  extraBody?: JsonObject | undefined;
}): UsualForm {
  const host = of.baseUrl === undefined ? '' : new URL(of.baseUrl).hostname;
  const known = DIALECTS.find(
    ({ host: server, model }) => server?.test(host) !== false && model?.test(of.model) !== false,
  );
  const reasoning = of.history ?? known?.reasoning ?? 'all';
  const isOff = isThinkingOff(of.extraBody);
  return {
    reasoning,
    standIn: (known?.standIn ?? false) && !isOff && reasoning !== 'none',
    standInSignature: known?.standInSignature ?? false,
    thinking: true,
    summaries: true,
    encrypted: true,
    system: known?.system ?? 'own',
    bridges: known?.bridges ?? false,
    shortIds: known?.shortIds ?? false,
  };
}

/** Whether the configuration has the model not think, as most of these vendors spell it. */
function isThinkingOff(extraBody: JsonObject | undefined): boolean {
  const thinking = extraBody?.['thinking'];
  return thinking !== undefined && isJsonObject(thinking) && thinking['type'] === 'disabled';
}
