import { GoogleGenAI, type GenerateContentResponse, type GoogleGenAIOptions } from '@google/genai';
import type { JsonObject } from '../../../core/json.ts';
import { jsonTokens, textTokens } from '../../../core/session/context/estimate-tokens.ts';
import { followEvents, guardedCall, guardedStream, understood } from '../adapter-stream.ts';
import { answeredBy } from '../vendor/answered.ts';
import { VENDOR_URLS } from '../vendor/servers.ts';
import type { Identity } from '../cloud/identity.ts';
import type { HistoryForm } from '../history/history-form.ts';
import { createHistoryRepair } from '../history/history-repair.ts';
import { reasoningForm } from '../history/reasoning-dialect.ts';
import type { ModelProvider, ModelRequest, ModelStreamPart } from '../model-provider.ts';
import { patientFetch } from '../patient-fetch.ts';
import { answerEvents } from '../stream/answer-events.ts';
import type { StreamGuard, StreamLimits } from '../stream-guard.ts';
import { schemaDialectOf } from '../tool-schema/schema-dialect.ts';
import { toolNamesOf } from '../tool-names.ts';
import { toGeminiFailure } from './gemini-failure.ts';
import { createGeminiStreamReader } from './read-gemini-stream.ts';
import { toGeminiRequest, type GeminiModelTraits } from './to-gemini-request.ts';
import { toGeminiResponse } from './to-gemini-response.ts';
import { isJsonObject } from '../tool-input.ts';

export interface GeminiOptions {
  /** Default: the vendor's own. Without the `/v1beta`. */
  baseUrl?: string;
  /** null sends none, for gateways that need none. */
  apiKey: string | null;
  limits: StreamLimits;
  traits: GeminiModelTraits;
  extraHeaders?: Record<string, string>;
  extraBody?: JsonObject;
  /** At Vertex AI, in place of the key: where it is, and as whom it is asked. */
  vertex?: Pick<GoogleGenAIOptions, 'project' | 'location' | 'googleAuthOptions'> & { identity: Identity };
}

const NAME = 'gemini';
const VENDOR = 'Gemini';

/** Gemini through Google's own API. */
export function createGeminiProvider(options: GeminiOptions): ModelProvider {
  const client = new GoogleGenAI(clientOptions(options));
  const schemas = schemaDialectOf('gemini', options.baseUrl);
  const { contents: _contents, ...extraBody } = options.extraBody ?? {};
  const { baseUrl = VENDOR_URLS.gemini, traits } = options;
  const repair = createHistoryRepair(
    NAME,
    // Its own address needs no stand-in for its own calls: what a call came without, it goes without.
    (model) => ({
      ...reasoningForm({ baseUrl, model, history: traits.reasoningHistory }),
      standInSignature: false,
    }),
  );

  async function* converse(
    request: ModelRequest,
    form: HistoryForm,
    guard: StreamGuard,
    seen: { response?: Response },
  ): AsyncGenerator<ModelStreamPart> {
    const names = toolNamesOf(request, schemas);
    const { config, ...body } = toGeminiRequest(request, options.traits, {
      provider: NAME,
      names,
      form,
      schemas,
    });
    await client.models.generateContentStream({
      ...body,
      config: {
        ...config,
        abortSignal: guard.signal,
        httpOptions: {
          ...(Object.keys(extraBody).length > 0 ? { extraBody } : {}),
          // The SDK hands over neither the headers of an answer nor what proxies make of it: its stream is left unread.
          fetch: async (url, init) => {
            const headers = headersFor(init?.headers, options);
            const response = await patientFetch(url, init, headers, options.vertex?.identity);
            seen.response = response;
            return response;
          },
        },
      },
    });
    if (seen.response === undefined) throw new Error('The SDK answered without a request.');
    const reader = createGeminiStreamReader(VENDOR);
    const wire = { vendor: VENDOR, whole: unwrapped };
    yield* followEvents(VENDOR, answerEvents<GenerateContentResponse>(seen.response, wire), reader, guard);
    yield {
      type: 'finish',
      response: understood(VENDOR, () => ({
        ...toGeminiResponse(reader.answer, {
          provider: NAME,
          names,
          maxOutputTokens: request.maxOutputTokens,
          requestId: seen.response?.headers.get('x-request-id') ?? reader.answer.responseId,
        }),
        ...answeredBy({ id: reader.answer.responseId, model: reader.answer.modelVersion }),
      })),
    };
  }

  return {
    name: NAME,
    stream: (request, signal) =>
      repair.stream(request, (sent, form) => {
        const seen: { response?: Response } = {};
        const toFailure = (error: unknown) =>
          toGeminiFailure(error, VENDOR, seen.response?.headers, options.vertex?.identity.advice);
        return guardedStream({ vendor: VENDOR, limits: options.limits, toFailure }, signal, (guard) =>
          converse(sent, form, guard, seen),
        );
      }),
    countTokens(request, signal) {
      const toFailure = (error: unknown) =>
        toGeminiFailure(error, VENDOR, undefined, options.vertex?.identity.advice);
      return guardedCall({ vendor: VENDOR, limits: options.limits, toFailure }, signal, async (guard) => {
        const names = toolNamesOf(request, schemas);
        const { model, contents } = toGeminiRequest(request, options.traits, {
          provider: NAME,
          names,
          schemas,
        });
        const { totalTokens = 0 } = await client.models.countTokens({
          model,
          contents,
          config: {
            abortSignal: guard.signal,
            httpOptions: {
              fetch: (url, init) =>
                patientFetch(url, init, headersFor(init?.headers, options), options.vertex?.identity),
            },
          },
        });
        // The vendor counts the conversation alone.
        return totalTokens + textTokens(request.system) + jsonTokens(request.tools);
      });
    },
  };
}

/** Each field keeps the SDK from reading an environment variable. */
function clientOptions({ apiKey, baseUrl, vertex }: GeminiOptions): GoogleGenAIOptions {
  if (vertex === undefined)
    return {
      apiKey: apiKey ?? 'none',
      enterprise: false,
      apiVersion: 'v1beta',
      httpOptions: { baseUrl: baseUrl ?? VENDOR_URLS.gemini },
    };
  const { identity: _identity, ...place } = vertex;
  return {
    enterprise: true,
    apiVersion: 'v1',
    httpOptions: baseUrl === undefined ? {} : { baseUrl },
    ...place,
  };
}

function headersFor(given: RequestInit['headers'], { apiKey, extraHeaders }: GeminiOptions): Headers {
  const headers = new Headers(given);
  if (apiKey === null) headers.delete('x-goog-api-key');
  for (const [name, value] of Object.entries(extraHeaders ?? {})) headers.set(name, value);
  return headers;
}

/** Gateways to Google's tools for developers put each chunk into a `response` of its own. */
function unwrapped(answer: JsonObject): JsonObject[] {
  const inner = answer['response'];
  return answer['candidates'] === undefined && isJsonObject(inner) ? [inner] : [answer];
}
