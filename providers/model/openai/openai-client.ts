import OpenAI, { AzureOpenAI } from 'openai';
import type { JsonObject } from '../../../core/json.ts';
import type { Effort, ReasoningHistory, Thinking } from '../../../core/models/model-entry.ts';
import type { Dialect } from './chat/dialect.ts';
import type { Identity } from '../cloud/identity.ts';
import { patientFetch } from '../patient-fetch.ts';
import { VENDOR_URLS } from '../vendor/servers.ts';
import type { StreamLimits } from '../stream-guard.ts';

/** What of a model the requests depend on. */
export interface OpenAiModelTraits {
  thinking: Thinking;
  efforts: readonly Effort[];
  contextWindow: number;
  reasoningHistory?: ReasoningHistory;
  midConversationSystem: boolean;
  pdf: boolean;
}

export interface OpenAiOptions {
  /** Default: OpenAI's own. With the `/v1` or whatever the server has before `/chat/completions`; its query goes with each request. */
  baseUrl?: string;
  /** null sends none, for servers that need none. */
  apiKey: string | null;
  /** Default: `responses` for OpenAI itself, else `chat_completions`. */
  api?: 'chat_completions' | 'responses';
  /** Which fields of chat completions are sent; default: what the address says. */
  dialect?: Dialect;
  limits: StreamLimits;
  traits: OpenAiModelTraits;
  extraHeaders?: Record<string, string>;
  extraBody?: JsonObject;
  /** Of a cloud, in place of the key. */
  identity?: Identity;
  /** Of Azure's older API, whose paths name the deployment. */
  azureApiVersion?: string;
}

const OWN_HEADERS = /^(accept|content-type|user-agent|x-stainless-.*)$/;

/**
 * The vendor's SDK with everything passed in. The SDK adds headers, an organisation and a project from environment variables; only
 * its own headers and the configured ones pass.
 */
export function createOpenAiClient(options: OpenAiOptions): OpenAI {
  const { apiKey, extraHeaders } = options;
  const base = new URL(options.baseUrl ?? VENDOR_URLS.openai);
  const defaultQuery = Object.fromEntries(base.searchParams);
  base.search = '';
  const common = {
    baseURL: base.href,
    defaultQuery,
    apiKey: apiKey ?? 'none',
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: options.limits.totalMs,
    logLevel: 'off' as const,
    fetch: (url: string | URL | Request, init?: RequestInit) => {
      const headers = new Headers();
      for (const [name, value] of new Headers(init?.headers))
        if (OWN_HEADERS.test(name)) headers.set(name, value);
      if (apiKey !== null) headers.set('authorization', `Bearer ${apiKey}`);
      for (const [name, value] of Object.entries(extraHeaders ?? {})) headers.set(name, value);
      return patientFetch(url, init, headers, options.identity);
    },
  };
  return options.azureApiVersion === undefined
    ? new OpenAI({ ...common, adminAPIKey: null })
    : new AzureOpenAI({ ...common, apiVersion: options.azureApiVersion });
}
