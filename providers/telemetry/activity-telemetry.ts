import { SpanKind, TraceFlags, type SpanContext } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { isAppError } from '../../core/errors.ts';
import type { TurnTrace } from '../../core/journal/turn-trace.ts';
import type { ModelProvider, ModelResponse, ModelStreamPart } from '../model/model-provider.ts';
import type { SessionSetup } from '../store/journal.ts';
import type { EndedTurn } from '../store/watch-turns.ts';
import { usageAttributes, type AnsweringProvider } from './gen-ai.ts';
import type { Metrics } from './metrics.ts';
import { turnContext, turnSpanContext } from './trace-context.ts';
import { failSpan, withSpan } from './tracing.ts';
import { sendTurnSpan } from './turn-span.ts';

/** Where work belongs: to a turn, and to an attempt of its activity, from 1. */
interface Place {
  turn: TurnTrace | null;
  attempt: number;
}

export interface ObservedRequest extends Place {
  /** The connection. */
  provider: string;
  /** The name that agents use. */
  model: string;
  /** The name that is sent to the vendor. */
  vendorModel: string;
  server: ModelProvider['server'] | null;
  sessionId: string;
  maxOutputTokens: number;
}

/**
 * Counts, times, logs and traces what activities do, by the GenAI conventions of OpenTelemetry. Contents are never recorded. What is done
 * in a turn is a part of its span, whichever process does it.
 */
export interface ActivityTelemetry {
  /** One request to a model. `work` hands every part of the stream to `onPart` and gives the complete response. */
  modelRequest(
    request: ObservedRequest,
    work: (onPart: (part: ModelStreamPart) => void) => Promise<ModelResponse>,
  ): Promise<ModelResponse>;
  /** A model request failed and will be sent again. */
  modelRetry(code: string): void;
  /** One tool call. */
  toolCall<Result extends { isError: boolean }>(
    call: { name: string; toolUseId: string; sessionId: string } & Place,
    work: () => Promise<Result>,
  ): Promise<Result>;
  /** A traced turn is over. Never fails. */
  turnEnded(turn: EndedTurn, setup: () => Promise<SessionSetup>): void;
  takeover(attempts: number): void;
}

/** Observes nothing, for tests. */
export const NO_TELEMETRY: ActivityTelemetry = {
  modelRequest: async (_request, work) => work(() => undefined),
  modelRetry: () => undefined,
  toolCall: async (_call, work) => work(),
  turnEnded: () => undefined,
  takeover: () => undefined,
};

/** Tools with series of their own in the metrics; later names share one, since servers of others may bring any number. */
const NAMED_TOOLS = 100;

/** Turns whose spans are remembered as sent: an attempt that is repeated tells of its turn again. */
const REMEMBERED_TURNS = 1_000;

/**
 * @param options.log - gets a line for each model request and each tool call.
 * @param options.providerOf - who a model comes from; null where it is not known any more.
 */
export function createActivityTelemetry(
  metrics: Pick<Metrics, 'modelRequest' | 'modelTokens' | 'modelRetry' | 'toolCall' | 'takeover'>,
  options: {
    log?: Pick<Logger, 'info' | 'warn'>;
    providerOf?: (model: string) => AnsweringProvider | null;
  } = {},
): ActivityTelemetry {
  const { log, providerOf = () => null } = options;
  const named = new Set<string>();
  const sent = new Set<string>();
  return {
    async modelRequest(request, work) {
      const { provider, model, vendorModel, server, sessionId, maxOutputTokens } = request;
      const started = performance.now();
      let firstPart: number | null = null;
      const done = (outcome: string, tokens: { input: number; output: number } | null) => {
        const seconds = (performance.now() - started) / 1_000;
        const firstPartSeconds = firstPart === null ? null : (firstPart - started) / 1_000;
        metrics.modelRequest({ provider, model, outcome, seconds, firstPartSeconds });
        const used = tokens && { input_tokens: tokens.input, output_tokens: tokens.output };
        const ms = Math.round(seconds * 1_000);
        log?.info({ session_id: sessionId, provider, model, outcome, ms, ...used }, 'model request');
      };
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': providerOf(model)?.vendor ?? provider,
        'managed_agent.connection': provider,
        'gen_ai.request.model': vendorModel,
        'gen_ai.request.max_tokens': maxOutputTokens,
        'gen_ai.request.stream': true,
        'gen_ai.conversation.id': sessionId,
        'managed_agent.attempt': request.attempt,
        ...(server ? { 'server.address': server.host, 'server.port': server.port } : {}),
      };
      const parent = turnContext(request.turn);
      return withSpan(`chat ${vendorModel}`, { kind: SpanKind.CLIENT, attributes, parent }, async (span) => {
        try {
          const response = await work((part) => {
            if (firstPart === null && part.type !== 'finish' && part.type !== 'usage')
              firstPart = performance.now();
          });
          const { id = response.requestId, model: answering = vendorModel } = response.answered ?? {};
          span.setAttributes({
            'gen_ai.response.model': answering,
            'gen_ai.response.finish_reasons': [response.stop],
            ...usageAttributes(response.usage),
          });
          if (id !== undefined) span.setAttribute('gen_ai.response.id', id);
          const usage = tokensOf(response);
          done('ok', usage);
          metrics.modelTokens({ provider, model }, usage);
          return response;
        } catch (error) {
          done(outcomeOf(error), null);
          throw error;
        }
      });
    },

    async toolCall({ name, toolUseId, sessionId, turn, attempt }, work) {
      const started = performance.now();
      if (named.size < NAMED_TOOLS) named.add(name);
      const tool = named.has(name) ? name : 'other';
      const done = (outcome: string) => {
        const seconds = (performance.now() - started) / 1_000;
        metrics.toolCall({ tool, outcome, seconds });
        const ms = Math.round(seconds * 1_000);
        log?.info({ session_id: sessionId, call_id: toolUseId, tool: name, outcome, ms }, 'tool call');
      };
      const attributes = {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.type': 'function',
        'gen_ai.tool.call.id': toolUseId,
        'gen_ai.conversation.id': sessionId,
        'managed_agent.attempt': attempt,
      };
      const parent = turnContext(turn);
      return withSpan(
        `execute_tool ${name}`,
        { kind: SpanKind.INTERNAL, attributes, parent },
        async (span) => {
          try {
            const result = await work();
            if (result.isError) failSpan(span, 'tool_error');
            done(result.isError ? 'error' : 'ok');
            return result;
          } catch (error) {
            done(outcomeOf(error));
            throw error;
          }
        },
      );
    },

    turnEnded(turn, setup) {
      const span = turnSpanContext(turn.trace);
      if (span === null || !isSampled(span) || sent.has(span.spanId)) return;
      sent.add(span.spanId);
      const [oldest] = sent;
      if (sent.size > REMEMBERED_TURNS && oldest !== undefined) sent.delete(oldest);
      setup()
        .then((known) => sendTurnSpan(turn, known, providerOf(known.agent.model.id)))
        .catch((error: unknown) =>
          log?.warn({ err: error, session_id: turn.sessionId }, 'the span of a turn could not be sent'),
        );
    },

    modelRetry: (code) => metrics.modelRetry(code),
    takeover: (attempts) => metrics.takeover(attempts),
  };
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
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
