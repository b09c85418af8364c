import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import type { HistoryForm } from '../../history/history-form.ts';
import type { ModelRequest } from '../../model-provider.ts';
import { defined } from '../../defined.ts';
import { nearestEffort } from '../../nearest-effort.ts';
import type { ToolNames } from '../../tool-names.ts';
import type { SchemaDialectName } from '../../tool-schema/schema-dialect.ts';
import { toToolSchema } from '../../tool-schema/to-tool-schema.ts';
import type { OpenAiModelTraits } from '../openai-client.ts';
import { openAiTier } from '../openai-tier.ts';
import { takesNewerLimit, type Dialect } from './dialect.ts';
import { toChatMessages } from './to-chat-messages.ts';

/**
 * The body of a chat completions request.
 *
 * @param dialect - which of the vendor's newer fields the server takes.
 */
export function toChatRequest(
  request: ModelRequest,
  traits: OpenAiModelTraits,
  options: {
    provider: string;
    names: ToolNames;
    dialect: Dialect;
    form?: HistoryForm;
    schemas: SchemaDialectName;
  },
): ChatCompletionCreateParamsStreaming {
  const { names, dialect } = options;
  const effort = nearestEffort(request.effort, traits.efforts);
  return {
    model: request.model,
    messages: toChatMessages(request.system, request.messages, {
      provider: options.provider,
      names,
      midConversationSystem: traits.midConversationSystem,
      pdf: traits.pdf,
      ...(options.form === undefined ? {} : { form: options.form }),
    }),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.tools.length > 0
      ? {
          tools: request.tools.map((tool) => ({
            type: 'function' as const,
            function: {
              name: names.toWire(tool.name),
              description: tool.description,
              parameters: toToolSchema(tool.input_schema, options.schemas),
            },
          })),
        }
      : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(takesNewerLimit(dialect, request.model)
      ? { max_completion_tokens: request.maxOutputTokens }
      : { max_tokens: request.maxOutputTokens }),
    ...sampling(request),
    ...(dialect === 'openai' ? { prompt_cache_key: request.sessionId, store: false } : {}),
  };
}

/** `top_k` is no field of OpenAI's own, but of most other servers. */
function sampling(request: ModelRequest): Partial<ChatCompletionCreateParamsStreaming> & { top_k?: number } {
  const {
    temperature,
    top_p,
    top_k,
    seed,
    frequency_penalty,
    presence_penalty,
    stop_sequences: stop,
    verbosity,
  } = request.settings ?? {};
  const service_tier = openAiTier(request);
  return defined({
    temperature,
    top_p,
    top_k,
    seed,
    frequency_penalty,
    presence_penalty,
    stop,
    verbosity,
    service_tier,
  });
}
