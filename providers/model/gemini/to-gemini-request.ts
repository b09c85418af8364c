import type { GenerateContentConfig, GenerateContentParameters, ThinkingConfig } from '@google/genai';
import { ThinkingLevel } from '@google/genai';
import type { Effort, ReasoningHistory, Thinking } from '../../../core/models/model-entry.ts';
import { asksToThink, type HistoryForm } from '../history/history-form.ts';
import type { ModelRequest } from '../model-provider.ts';
import { defined } from '../defined.ts';
import { nearestEffort } from '../nearest-effort.ts';
import type { ToolNames } from '../tool-names.ts';
import type { SchemaDialectName } from '../tool-schema/schema-dialect.ts';
import { toToolSchema } from '../tool-schema/to-tool-schema.ts';
import { toGeminiContents } from './to-contents.ts';

/** What of a model the request depends on. */
export interface GeminiModelTraits {
  thinking: Thinking;
  efforts: readonly Effort[];
  reasoningHistory?: ReasoningHistory;
}

export function toGeminiRequest(
  request: ModelRequest,
  traits: GeminiModelTraits,
  options: { provider: string; names: ToolNames; form?: HistoryForm; schemas: SchemaDialectName },
): GenerateContentParameters & { config: GenerateContentConfig } {
  const thinkingConfig = asksToThink(options.form) ? thinkingOf(request, traits) : undefined;
  const { settings = {} } = request;
  return {
    model: request.model,
    contents: toGeminiContents(request.messages, {
      provider: options.provider,
      names: options.names,
      standInSignature: options.form?.standInSignature ?? false,
      // The generation that takes a level of thinking is the one whose results may hold images.
      mediaInResults: traits.thinking === 'effort',
    }),
    config: {
      maxOutputTokens: request.maxOutputTokens,
      ...defined({
        temperature: settings.temperature,
        topP: settings.top_p,
        topK: settings.top_k,
        seed: settings.seed,
        frequencyPenalty: settings.frequency_penalty,
        presencePenalty: settings.presence_penalty,
        stopSequences: settings.stop_sequences,
      }),
      ...(/\S/.test(request.system) ? { systemInstruction: { parts: [{ text: request.system }] } } : {}),
      ...(thinkingConfig === undefined ? {} : { thinkingConfig }),
      ...(request.tools.length > 0
        ? {
            tools: [
              {
                functionDeclarations: request.tools.map((tool) => ({
                  name: options.names.toWire(tool.name),
                  description: tool.description,
                  parametersJsonSchema: toToolSchema(tool.input_schema, options.schemas),
                })),
              },
            ],
          }
        : {}),
    },
  };
}

const LEVELS: Readonly<Record<Effort, ThinkingLevel>> = {
  low: ThinkingLevel.LOW,
  medium: ThinkingLevel.MEDIUM,
  high: ThinkingLevel.HIGH,
  xhigh: ThinkingLevel.HIGH,
  max: ThinkingLevel.HIGH,
};
const BUDGETS: Readonly<Record<Effort, number>> = {
  low: 2_048,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

/** The vendor counts thoughts in the answer, of which a part is kept for what is said. */
function roomToThink({ maxOutputTokens }: ModelRequest): number {
  return Math.max(128, maxOutputTokens - Math.max(1_024, Math.floor(maxOutputTokens / 8)));
}

/** Thoughts are asked for, so that a model that thinks for long is seen to be at work. */
function thinkingOf(request: ModelRequest, traits: GeminiModelTraits): ThinkingConfig | undefined {
  if (traits.thinking === 'none') return undefined;
  const effort = nearestEffort(request.effort, traits.efforts);
  if (effort === undefined) return { includeThoughts: true };
  return traits.thinking === 'budget'
    ? { includeThoughts: true, thinkingBudget: Math.min(BUDGETS[effort], roomToThink(request)) }
    : { includeThoughts: true, thinkingLevel: LEVELS[effort] };
}
