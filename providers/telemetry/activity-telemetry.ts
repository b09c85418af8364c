import { SpanKind } from '@opentelemetry/api';
import { isAppError } from '../../core/errors.ts';
import type { ModelResponse, ModelStreamPart } from '../model/model-provider.ts';
import type { Metrics } from './metrics.ts';
import { withSpan } from './tracing.ts';

/** Counts, times and traces what activities do, by the GenAI conventions of OpenTelemetry. Contents are never recorded. */
export interface ActivityTelemetry {
  /** One request to a model. `work` hands every part of the stream to `onPart` and gives the complete response. */
  modelRequest(
    request: { provider: string; model: string; sessionId: string; maxOutputTokens: number },
    work: (onPart: (part: ModelStreamPart) => void) => Promise<ModelResponse>,
  ): Promise<ModelResponse>;
  /** A model request failed and will be sent again. */
  modelRetry(code: string): void;
  /** One tool call. */
  toolCall<Result extends { isError: boolean }>(
    call: { name: string; toolUseId: string; sessionId: string },
    work: () => Promise<Result>,
  ): Promise<Result>;
  takeover(attempts: number): void;
}

/** Observes nothing, for tests. */
export const NO_TELEMETRY: ActivityTelemetry = {
  modelRequest: async (_request, work) => work(() => undefined),
  modelRetry: () => undefined,
  toolCall: async (_call, work) => work(),
  takeover: () => undefined,
};

/** How the conventions name the vendors. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = { gemini: 'gcp.gemini' };

/** Tools with series of their own in the metrics; later names share one, since servers of others may bring any number. */
const NAMED_TOOLS = 100;

export function createActivityTelemetry(
  metrics: Pick<Metrics, 'modelRequest' | 'modelTokens' | 'modelRetry' | 'toolCall' | 'takeover'>,
): ActivityTelemetry {
  const named = new Set<string>();
  return {
    async modelRequest({ provider, model, sessionId, maxOutputTokens }, work) {
      const started = performance.now();
      let firstPart: number | null = null;
      const done = (outcome: string) =>
        metrics.modelRequest({
          provider,
          model,
          outcome,
          seconds: (performance.now() - started) / 1_000,
          firstPartSeconds: firstPart === null ? null : (firstPart - started) / 1_000,
        });
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': PROVIDER_NAMES[provider] ?? provider,
        'gen_ai.request.model': model,
        'gen_ai.request.max_tokens': maxOutputTokens,
        'gen_ai.request.stream': true,
        'gen_ai.conversation.id': sessionId,
      };
      return withSpan(`chat ${model}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        try {
          const response = await work((part) => {
            if (firstPart === null && part.type !== 'finish' && part.type !== 'usage')
              firstPart = performance.now();
          });
          const usage = tokensOf(response);
          span.setAttributes({
            'gen_ai.response.finish_reasons': [response.stop],
            'gen_ai.usage.input_tokens': usage.input + usage.cacheRead + usage.cacheWrite,
            'gen_ai.usage.output_tokens': usage.output,
            'gen_ai.usage.cache_read.input_tokens': usage.cacheRead,
            'gen_ai.usage.cache_creation.input_tokens': usage.cacheWrite,
          });
          if (response.requestId !== undefined) span.setAttribute('gen_ai.response.id', response.requestId);
          done('ok');
          metrics.modelTokens({ provider, model }, usage);
          return response;
        } catch (error) {
          done(outcomeOf(error));
          throw error;
        }
      });
    },

    async toolCall({ name, toolUseId, sessionId }, work) {
      const started = performance.now();
      if (named.size < NAMED_TOOLS) named.add(name);
      const tool = named.has(name) ? name : 'other';
      const done = (outcome: string) =>
        metrics.toolCall({ tool, outcome, seconds: (performance.now() - started) / 1_000 });
      const attributes = {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.type': 'function',
        'gen_ai.tool.call.id': toolUseId,
        'gen_ai.conversation.id': sessionId,
      };
      return withSpan(`execute_tool ${name}`, { kind: SpanKind.INTERNAL, attributes }, async (span) => {
        try {
          const result = await work();
          if (result.isError) span.setAttribute('error.type', 'tool_error');
          done(result.isError ? 'error' : 'ok');
          return result;
        } catch (error) {
          done(outcomeOf(error));
          throw error;
        }
      });
    },

    modelRetry: (code) => metrics.modelRetry(code),
    takeover: (attempts) => metrics.takeover(attempts),
  };
}

/** What is no error of ours is an interrupt, a cancellation or the end of the worker. */
function outcomeOf(error: unknown): string {
  return isAppError(error) ? error.code : 'aborted';
}

function tokensOf({ usage }: ModelResponse) {
  return {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cacheRead: usage.cache_read_input_tokens,
    cacheWrite: usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens,
  };
}
