import Anthropic from '@anthropic-ai/sdk';
import type { MessageCreateParamsStreaming, MessageParam } from '@anthropic-ai/sdk/resources/messages';
import type { JsonObject } from '../../../core/json.ts';
import { followEvents, guardedCall, guardedStream, understood } from '../adapter-stream.ts';
import type { HistoryForm } from '../history/history-form.ts';
import { createHistoryRepair } from '../history/history-repair.ts';
import { reasoningForm } from '../history/reasoning-dialect.ts';
import type { ModelProvider, ModelRequest, ModelStreamPart } from '../model-provider.ts';
import type { StreamGuard, StreamLimits } from '../stream-guard.ts';
import { schemaDialectOf } from '../tool-schema/schema-dialect.ts';
import { toolNamesOf } from '../tool-names.ts';
import { createAnthropicFetch } from './anthropic-fetch.ts';
import { createAnthropicStreamReader } from './read-stream.ts';
import { toAnthropicRequest, type AnthropicModelTraits } from './to-request.ts';
import { CLIENT_OPTIONS, sdkTransport, type AnthropicTransport } from './transport.ts';
import { toContinuation, toResponse, type CollectedBlock } from './to-response.ts';
import { sumUsage } from '../sum-usage.ts';
import { emptyUsage } from './usage.ts';
import { answeredBy } from '../vendor/answered.ts';
import { VENDOR_URLS } from '../vendor/servers.ts';

export interface AnthropicOptions {
  /** Default: the vendor's own. */
  baseUrl?: string;
  /** null sends none, for gateways that need none. */
  apiKey: string | null;
  /** The tag of opaque blocks; default: Claude's own. */
  name?: string;
  limits: StreamLimits;
  traits: AnthropicModelTraits;
  cacheTtl?: '5m' | '1h';
  extraHeaders?: Record<string, string>;
  extraBody?: JsonObject;
  /** How requests reach a cloud that has the model; default: by the address and with the key. */
  transport?: AnthropicTransport;
}

/** A turn that pauses more often than this ends where it is. */
const MAX_CONTINUATIONS = 10;

/** Claude through the vendor's Messages API, or anything that speaks it. */
export function createAnthropicProvider(options: AnthropicOptions): ModelProvider {
  const { name = 'anthropic' } = options;
  const transport = options.transport ?? vendorTransport(options);
  const { vendor } = transport;
  const { baseUrl, extraBody, traits } = options;
  const repair = createHistoryRepair(name, (model) =>
    reasoningForm({ baseUrl, model, extraBody, history: traits.reasoningHistory }),
  );
  const schemas = schemaDialectOf('anthropic', options.baseUrl);

  /** One request, or more where the vendor pauses: then what it said so far is sent back for it to go on. */
  async function* converse(
    request: ModelRequest,
    form: HistoryForm,
    guard: StreamGuard,
  ): AsyncGenerator<ModelStreamPart> {
    const names = toolNamesOf(request, schemas);
    const cacheTtl = options.cacheTtl ?? '5m';
    const body = toAnthropicRequest(request, traits, { provider: name, names, cacheTtl, form, schemas });
    let blocks: CollectedBlock[] = [];
    let usage = emptyUsage();
    for (let round = 0; ; round += 1) {
      const continuation: MessageParam[] =
        blocks.length === 0 ? [] : [{ role: 'assistant', content: toContinuation(blocks) }];
      const messages = [...body.messages, ...continuation];
      const sent = { ...body, ...options.extraBody, messages, stream: true as const };
      const { events, requestId } = await transport.send(sent, betasOf(body), guard.signal);
      const reader = createAnthropicStreamReader(blocks.length, usage);
      yield* followEvents(vendor, events, reader, guard);
      blocks = [...blocks, ...reader.message.blocks];
      usage = sumUsage(usage, reader.message.usage);
      if (reader.message.stopReason === 'pause_turn' && round < MAX_CONTINUATIONS) continue;
      const message = { ...reader.message, blocks, usage };
      yield {
        type: 'finish',
        response: understood(vendor, () => ({
          ...toResponse(message, {
            provider: name,
            names,
            maxOutputTokens: request.maxOutputTokens,
            requestId,
          }),
          ...answeredBy(message),
        })),
      };
      return;
    }
  }

  const guarding = { vendor, limits: options.limits, toFailure: transport.toFailure };
  const { count } = transport;
  return {
    name,
    stream: (request, signal) =>
      repair.stream(request, (sent, form) =>
        guardedStream(guarding, signal, (guard) => converse(sent, form, guard)),
      ),
    ...(count === undefined ? {} : { countTokens: (request, signal) => counted(count, request, signal) }),
  };

  function counted(
    counter: NonNullable<AnthropicTransport['count']>,
    request: ModelRequest,
    signal: AbortSignal,
  ): Promise<number> {
    return guardedCall(guarding, signal, (guard) => {
      const names = toolNamesOf(request, schemas);
      // The counter takes no settings of sampling.
      const { settings: _settings, ...counting } = request;
      const body = toAnthropicRequest(counting, options.traits, {
        provider: name,
        names,
        cacheTtl: '5m',
        schemas,
      });
      const { max_tokens: _limit, stream: _stream, metadata: _metadata, ...rest } = body;
      return counter(rest, betasOf(body), guard.signal);
    });
  }
}

function vendorTransport(options: AnthropicOptions): AnthropicTransport {
  const client = new Anthropic({
    ...CLIENT_OPTIONS,
    baseURL: options.baseUrl ?? VENDOR_URLS.anthropic,
    // Passing a key keeps the SDK from looking for one in the environment or on disk.
    apiKey: options.apiKey ?? 'none',
    webhookKey: null,
    timeout: options.limits.totalMs,
    fetch: createAnthropicFetch(options.apiKey, options.extraHeaders ?? {}),
  });
  return sdkTransport(client, 'Anthropic');
}

function betasOf(body: MessageCreateParamsStreaming): string[] {
  return [
    ...(body.speed === 'fast' ? ['fast-mode-2026-02-01'] : []),
    ...(body.thinking?.type === 'enabled' ? ['interleaved-thinking-2025-05-14'] : []),
  ];
}
