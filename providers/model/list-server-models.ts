import { z } from 'zod';
import { isAppError } from '../../core/errors.ts';
import type { Vendor } from '../../core/models/connection.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import { outboundFetch } from '../network/outbound-fetch.ts';
import { readAtMost } from '../network/read-at-most.ts';
import { isOtherKind } from '../../core/models/known/vendor-of.ts';
import { connectionFailure } from './connection-failure.ts';
import { readOpenAiList, type ListedModel } from './read-openai-list.ts';
import { toModelError } from './vendor-failure.ts';
import { VENDOR_URLS } from './vendor/servers.ts';

export interface ServerAddress {
  provider: Vendor;
  /** The name of the connection; default: that of its provider. */
  connection?: string;
  extraHeaders?: Record<string, string>;
  /** null: the vendor's own. */
  baseUrl: string | null;
  apiKey: string | null;
}

const outbound = outboundFetch();

/** How long a server may take to list its models. */
const PATIENCE_MS = 10_000;
/** What it may say: some thousand models. */
const ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * The models that a server lists by itself, as settings for the catalogue, with the limits that it names. Fails with an `AppError` of a
 * `model_*` code when the server cannot be reached, refuses, or answers something else; nothing is retried.
 */
export async function listServerModels(address: ServerAddress, signal: AbortSignal): Promise<ModelSetting[]> {
  const vendor =
    address.baseUrl === null ? NAMES[address.provider] : `The model server ${new URL(address.baseUrl).host}`;
  const { url, headers, read } = LISTS[address.provider](address);
  let body: unknown;
  try {
    const response = await outbound(url, {
      headers: withHeaders(headers, address.extraHeaders),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    const tooMuch = (): Error => toModelError({ vendor, message: 'it answered with too much' });
    const text =
      response.body === null ? '' : (await readAtMost(response.body, ANSWER_BYTES, tooMuch)).toString('utf8');
    if (!response.ok)
      throw toModelError({
        vendor,
        status: response.status,
        message: text.slice(0, 500),
        headers: response.headers,
      });
    body = JSON.parse(text);
  } catch (error) {
    signal.throwIfAborted();
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    if (timedOut)
      throw toModelError({ vendor, message: 'its list of models did not come in time', cause: error });
    throw isAppError(error) ? error : (connectionFailure(error, vendor) ?? error);
  }
  const models = read(body);
  if (models === undefined) throw toModelError({ vendor, message: 'its list of models is none' });
  return models.map((model) => ({
    ...model,
    provider: address.provider,
    ...(address.connection === undefined || address.connection === address.provider
      ? {}
      : { connection: address.connection }),
    ...(address.baseUrl === null ? {} : { base_url: address.baseUrl }),
  }));
}

function withHeaders(own: Record<string, string>, extra: Record<string, string> = {}): Headers {
  const headers = new Headers(own);
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);
  return headers;
}

interface ModelList {
  url: string;
  headers: Record<string, string>;
  read(body: unknown): ListedModel[] | undefined;
}

const NAMES = { anthropic: 'Anthropic', openai: 'OpenAI', gemini: 'Gemini' } as const;

const LISTS: Record<ServerAddress['provider'], (address: ServerAddress) => ModelList> = {
  openai: ({ baseUrl, apiKey }) => ({
    url: `${trimmed(baseUrl ?? VENDOR_URLS.openai)}/models`,
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
    read: readOpenAiList,
  }),
  anthropic: ({ baseUrl, apiKey }) => ({
    url: `${trimmed(baseUrl ?? VENDOR_URLS.anthropic)}/v1/models?limit=1000`,
    headers: {
      'anthropic-version': '2026-10-21',
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    read: readAnthropic,
  }),
  gemini: ({ baseUrl, apiKey }) => ({
    url: `${trimmed(baseUrl ?? VENDOR_URLS.gemini)}/v1beta/models?pageSize=1000`,
    headers: apiKey === null ? {} : { 'x-goog-api-key': apiKey },
    read: readGemini,
  }),
};

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}

const Tokens = z.int().positive().nullish().catch(null);

const AnthropicList = z.looseObject({
  data: z.array(
    z.looseObject({
      id: z.string().min(1).max(256),
      display_name: z.string().nullish().catch(null),
      created_at: z.iso.datetime({ offset: true }).nullish().catch(null),
      max_input_tokens: Tokens,
      max_tokens: Tokens,
    }),
  ),
});

function readAnthropic(body: unknown): ListedModel[] | undefined {
  return AnthropicList.safeParse(body).data?.data.map((model) => ({
    id: model.id,
    ...named(model.display_name),
    ...(model.created_at ? { released: model.created_at } : {}),
    ...limited(model.max_input_tokens, model.max_tokens),
  }));
}

const GeminiList = z.looseObject({
  models: z.array(
    z.looseObject({
      name: z.string().min(1).max(256),
      displayName: z.string().nullish().catch(null),
      inputTokenLimit: Tokens,
      outputTokenLimit: Tokens,
      thinking: z.boolean().nullish().catch(null),
      supportedGenerationMethods: z.array(z.string()).nullish().catch(null),
    }),
  ),
});

function readGemini(body: unknown): ListedModel[] | undefined {
  return GeminiList.safeParse(body)
    .data?.models.filter(
      ({ name, supportedGenerationMethods: methods }) =>
        (methods?.includes('generateContent') ?? true) && !isOtherKind(name),
    )
    .map((model) => ({
      id: model.name.replace(/^models\//, ''),
      ...named(model.displayName),
      ...(model.thinking === false ? { thinking: false } : {}),
      ...limited(model.inputTokenLimit, model.outputTokenLimit),
    }));
}

function named(name: string | null | undefined): { display_name?: string } {
  return name === null || name === undefined || name === '' ? {} : { display_name: name };
}

function limited(
  window: number | null | undefined,
  output: number | null | undefined,
): { context_window?: number; max_output_tokens?: number } {
  return {
    ...(window === null || window === undefined ? {} : { context_window: window }),
    ...(output === null || output === undefined ? {} : { max_output_tokens: output }),
  };
}
