import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses';
import { asksToThink, type HistoryForm } from '../../history/history-form.ts';
import type { ModelRequest } from '../../model-provider.ts';
import { defined } from '../../defined.ts';
import { nearestEffort } from '../../nearest-effort.ts';
import type { ToolNames } from '../../tool-names.ts';
import type { SchemaDialectName } from '../../tool-schema/schema-dialect.ts';
import { toToolSchema } from '../../tool-schema/to-tool-schema.ts';
import type { OpenAiModelTraits } from '../openai-client.ts';
import { openAiTier } from '../openai-tier.ts';
import { toInputItems } from './to-input-items.ts';

/**
 * The body of a responses request. Nothing is stored at the vendor's: the whole conversation goes along each time, the reasoning
 * encrypted.
 */
export function toResponsesRequest(
  request: ModelRequest,
  traits: OpenAiModelTraits,
  options: { provider: string; names: ToolNames; schemas: SchemaDialectName; form?: HistoryForm },
): ResponseCreateParamsStreaming {
  const effort = nearestEffort(request.effort, traits.efforts);
  const { temperature, top_p, verbosity } = request.settings ?? {};
  return {
    model: request.model,
    input: toInputItems(request.messages, options),
    stream: true,
    store: false,
    max_output_tokens: request.maxOutputTokens,
    prompt_cache_key: request.sessionId,
    ...(/\S/.test(request.system) ? { instructions: request.system } : {}),
    ...(request.tools.length > 0
      ? {
          tools: request.tools.map((tool) => ({
            type: 'function' as const,
            name: options.names.toWire(tool.name),
            description: tool.description,
            parameters: toToolSchema(tool.input_schema, options.schemas),
            strict: false,
          })),
        }
      : {}),
    ...(verbosity === undefined ? {} : { text: { verbosity } }),
    ...defined({ temperature, top_p, service_tier: openAiTier(request) }),
    ...(traits.thinking === 'none' || !asksToThink(options.form) ? {} : reasoningOf(effort, options.form)),
  };
}

function reasoningOf(
  effort: ModelRequest['effort'],
  form: HistoryForm | undefined,
): Pick<ResponseCreateParamsStreaming, 'include' | 'reasoning'> {
  const reasoning = {
    ...(form?.summaries === false ? {} : { summary: 'auto' as const }),
    ...(effort === undefined ? {} : { effort }),
  };
  return {
    ...(form?.encrypted === false ? {} : { include: ['reasoning.encrypted_content' as const] }),
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
  };
}
