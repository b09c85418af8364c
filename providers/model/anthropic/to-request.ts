import type {
  MessageCreateParamsStreaming,
  TextBlockParam,
  ThinkingConfigParam,
  ToolUnion,
} from '@anthropic-ai/sdk/resources/messages';
import type { Effort, ReasoningHistory, Thinking } from '../../../core/models/model-entry.ts';
import { asksToThink, type HistoryForm } from '../history/history-form.ts';
import type { ModelRequest } from '../model-provider.ts';
import { defined } from '../defined.ts';
import { nearestEffort } from '../nearest-effort.ts';
import type { ToolNames } from '../tool-names.ts';
import type { SchemaDialectName } from '../tool-schema/schema-dialect.ts';
import { toToolSchema } from '../tool-schema/to-tool-schema.ts';
import { placeCacheMarkers } from './cache-markers.ts';
import { toAnthropicMessages } from './to-messages.ts';

/** What of a model the request depends on. */
export interface AnthropicModelTraits {
  thinking: Thinking;
  thinksUnasked?: boolean;
  efforts: readonly Effort[];
  fastMode: boolean;
  reasoningHistory?: ReasoningHistory;
  midConversationSystem: boolean;
}

/** The body of a request. Built anew from the transcript each time, in time linear in its length. */
export function toAnthropicRequest(
  request: ModelRequest,
  traits: AnthropicModelTraits,
  options: {
    provider: string;
    names: ToolNames;
    cacheTtl: '5m' | '1h';
    form?: HistoryForm;
    schemas: SchemaDialectName;
  },
): MessageCreateParamsStreaming {
  const system: TextBlockParam[] = /\S/.test(request.system) ? [{ type: 'text', text: request.system }] : [];
  const tools: ToolUnion[] = request.tools.map(({ name, description, input_schema: schema }) => ({
    name: options.names.toWire(name),
    description,
    input_schema: { ...toToolSchema(schema, options.schemas), type: 'object' },
  }));
  const messages = toAnthropicMessages(request.messages, {
    provider: options.provider,
    names: options.names,
    midConversationSystem: traits.midConversationSystem,
    standIn: options.form?.standIn ?? false,
  });
  const {
    prompt_cache_ttl: ttl = options.cacheTtl,
    temperature,
    top_p,
    top_k,
    stop_sequences,
  } = request.settings ?? {};
  placeCacheMarkers({ system, tools, messages }, ttl);
  const thinking = asksToThink(options.form) ? thinkingOf(request, traits, messages) : undefined;
  const effort = nearestEffort(request.effort, traits.efforts);
  return {
    model: request.model,
    max_tokens: request.maxOutputTokens,
    stream: true,
    messages,
    ...(system.length > 0 ? { system } : {}),
    ...(tools.length > 0 ? { tools } : {}),
    ...(thinking === undefined ? {} : { thinking }),
    ...(effort === undefined ? {} : { output_config: { effort } }),
    ...(request.speed === 'fast' && traits.fastMode ? { speed: 'fast' } : {}),
    ...defined({ temperature, top_p, top_k, stop_sequences, service_tier: tierOf(request) }),
    metadata: { user_id: request.sessionId },
  };
}

/** Summaries are asked for, so that a model that thinks for long is seen to be at work. */
function thinkingOf(
  request: ModelRequest,
  traits: AnthropicModelTraits,
  messages: MessageCreateParamsStreaming['messages'],
): ThinkingConfigParam | undefined {
  if (traits.thinking === 'adaptive') return { type: 'adaptive', display: 'summarized' };
  if (traits.thinking === 'none' && traits.thinksUnasked === true) return { type: 'disabled' };
  if (traits.thinking !== 'budget') return undefined;
  // The vendor counts the thinking in the answer, of which a part is kept for what is said.
  const said = Math.max(1_024, Math.floor(request.maxOutputTokens / 8));
  const budget = Math.min(BUDGETS[request.effort ?? 'high'], request.maxOutputTokens - said);
  if (budget < 1_024 || !startsWithThinking(messages)) return undefined;
  return { type: 'enabled', budget_tokens: budget };
}

const BUDGETS: Record<Effort, number> = {
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
  max: 49_152,
};

/**
 * Models with a thinking budget refuse to think in the middle of a tool loop whose answer so far does not begin with thinking, as
 * after a switch from another vendor.
 */
function startsWithThinking(messages: MessageCreateParamsStreaming['messages']): boolean {
  const last = messages.findLast(({ role }) => role === 'user');
  const continues =
    typeof last?.content !== 'string' && last?.content.some(({ type }) => type === 'tool_result') === true;
  if (!continues) return true;
  const answer = messages.findLast(({ role }) => role === 'assistant');
  if (answer === undefined || typeof answer.content === 'string') return false;
  const first = answer.content[0]?.type;
  return first === 'thinking' || first === 'redacted_thinking';
}

function tierOf({ settings }: ModelRequest): 'auto' | 'standard_only' | undefined {
  const tier = settings?.service_tier;
  return tier === 'auto' || tier === 'standard_only' ? tier : undefined;
}
