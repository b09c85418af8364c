import { answeredBy } from '../../vendor/answered.ts';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { followEvents, guardedStream, understood } from '../../adapter-stream.ts';
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
import { schemaDialectOf } from '../../tool-schema/schema-dialect.ts';
import { dialectOf } from './dialect.ts';
import { createChatStreamReader } from './read-chat-stream.ts';
import { toChatRequest } from './to-chat-request.ts';
import { toChatResponse } from './to-chat-response.ts';

/** Any server that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, llama.cpp, OpenRouter and others. */
export function createChatProvider(options: OpenAiOptions): ModelProvider {
  const client = createOpenAiClient(options);
  const name = openAiProviderName(options.baseUrl);
  const vendor =
    options.baseUrl === undefined ? 'OpenAI' : `The model server ${new URL(options.baseUrl).host}`;
  const dialect = options.dialect ?? dialectOf(options.baseUrl);
  const schemas = schemaDialectOf('openai', options.baseUrl);

  const guarding = {
    vendor,
    limits: options.limits,
    toFailure: toOpenAiFailure(vendor, options.identity?.advice),
  };
  const { baseUrl, extraBody, traits } = options;
  const repair = createHistoryRepair(name, (model) =>
    reasoningForm({ baseUrl, model, extraBody, history: traits.reasoningHistory }),
  );

  const descriptions = createShorterDescriptions();

  async function* converse(
    request: ModelRequest,
    form: HistoryForm,
    guard: StreamGuard,
  ): AsyncGenerator<ModelStreamPart> {
    const names = toolNamesOf(request, schemas);
    const body = toChatRequest(request, options.traits, { provider: name, names, dialect, form, schemas });
    const response = await client.chat.completions
      .create(
        { ...body, ...options.extraBody, messages: body.messages, stream: true },
        { signal: guard.signal },
      )
      .asResponse();
    const offered = request.tools.map((tool) => names.toWire(tool.name));
    const reader = createChatStreamReader(vendor, offered);
    // A whole completion has the message where a chunk has the delta.
    const events = answerEvents<ChatCompletionChunk>(response, { vendor, whole: (answer) => [answer] });
    yield* followEvents(vendor, events, reader, guard);
    const { chat } = reader;
    yield {
      type: 'finish',
      response: understood(vendor, () => ({
        ...toChatResponse(chat, {
          provider: name,
          names,
          request,
          contextWindow: request.contextWindow ?? options.traits.contextWindow,
          requestId: response.headers.get('x-request-id') ?? chat.id ?? undefined,
        }),
        ...answeredBy(chat),
      })),
    };
  }

  return {
    name,
    stream: (request, signal) =>
      descriptions.stream(request, (short) =>
        repair.stream(short, (sent, form) =>
          guardedStream(guarding, signal, (guard) => converse(sent, form, guard)),
        ),
      ),
  };
}
