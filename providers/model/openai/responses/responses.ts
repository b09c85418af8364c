import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { answeredBy } from '../../vendor/answered.ts';
import { followEvents, guardedCall, guardedStream, understood } from '../../adapter-stream.ts';
import type { HistoryForm } from '../../history/history-form.ts';
import { createHistoryRepair } from '../../history/history-repair.ts';
import { reasoningForm } from '../../history/reasoning-dialect.ts';
import type { ModelProvider, ModelRequest, ModelStreamPart } from '../../model-provider.ts';
import { answerEvents } from '../../stream/answer-events.ts';
import type { StreamGuard } from '../../stream-guard.ts';
import { createOpenAiClient, type OpenAiOptions } from '../openai-client.ts';
import { toOpenAiFailure } from '../openai-failure.ts';
import { createShorterDescriptions } from '../../shorter-descriptions.ts';
import { toolNamesOf } from '../../tool-names.ts';
import { openAiProviderName } from '../provider-name.ts';
import { createResponsesStreamReader, wholeResponse } from './read-responses-stream.ts';
import { schemaDialectOf } from '../../tool-schema/schema-dialect.ts';
import { toModelResponse } from './to-model-response.ts';
import { toResponsesRequest } from './to-responses-request.ts';

/** OpenAI's Responses API. */
export function createResponsesProvider(options: OpenAiOptions): ModelProvider {
  const client = createOpenAiClient(options);
  const name = openAiProviderName(options.baseUrl);
  const schemas = schemaDialectOf('openai', options.baseUrl);
  const vendor =
    options.baseUrl === undefined ? 'OpenAI' : `The model server ${new URL(options.baseUrl).host}`;

  const { baseUrl, extraBody, traits } = options;
  const repair = createHistoryRepair(
    name,
    // Its items are kept by the vendor's own rules: all go back.
    (model) => reasoningForm({ baseUrl, model, extraBody, history: traits.reasoningHistory ?? 'all' }),
  );

  const descriptions = createShorterDescriptions();

  async function* converse(
    request: ModelRequest,
    form: HistoryForm,
    guard: StreamGuard,
  ): AsyncGenerator<ModelStreamPart> {
    const names = toolNamesOf(request, schemas);
    const body = toResponsesRequest(request, options.traits, { provider: name, names, schemas, form });
    const response = await client.responses
      .create(
        { ...body, ...options.extraBody, input: body.input ?? [], stream: true },
        { signal: guard.signal },
      )
      .asResponse();
    const reader = createResponsesStreamReader(vendor);
    const events = answerEvents<ResponseStreamEvent>(response, { vendor, whole: wholeResponse });
    yield* followEvents(vendor, events, reader, guard);
    const whole = reader.response;
    if (whole === undefined) return;
    yield {
      type: 'finish',
      response: understood(vendor, () => ({
        ...toModelResponse(reader.items, whole, {
          provider: name,
          names,
          contextWindow: request.contextWindow ?? options.traits.contextWindow,
          maxOutputTokens: request.maxOutputTokens,
          requestId: response.headers.get('x-request-id') ?? whole.id,
        }),
        ...answeredBy(whole),
      })),
    };
  }

  const guarding = {
    vendor,
    limits: options.limits,
    toFailure: toOpenAiFailure(vendor, options.identity?.advice),
  };
  return {
    name,
    stream: (request, signal) =>
      descriptions.stream(request, (short) =>
        repair.stream(short, (sent, form) =>
          guardedStream(guarding, signal, (guard) => converse(sent, form, guard)),
        ),
      ),
    countTokens: (request, signal) =>
      guardedCall(guarding, signal, async (guard) => {
        const names = toolNamesOf(request, schemas);
        const body = toResponsesRequest(request, options.traits, { provider: name, names, schemas });
        const { model, input, instructions, tools, reasoning } = body;
        const answer = await client.responses.inputTokens.count(
          {
            model: model ?? null,
            input: input ?? null,
            ...(instructions === undefined ? {} : { instructions }),
            ...(tools === undefined ? {} : { tools }),
            ...(reasoning === undefined ? {} : { reasoning }),
          },
          { signal: guard.signal },
        );
        return answer.input_tokens;
      }),
  };
}
