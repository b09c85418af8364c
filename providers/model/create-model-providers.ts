import { AppError } from '../../core/errors.ts';
import type { ModelEntry, ModelProviderKind, OpenAiApi } from '../../core/models/model-entry.ts';
import { createDemoProvider, type DemoPace } from './demo/demo.ts';
import { createKeyFile } from './key-file.ts';
import { loadedLater } from './loaded-later.ts';
import type { ModelProvider } from './model-provider.ts';
import { createGate, type Gate } from '../gate/gate.ts';
import { createWaitingRoom } from '../gate/waiting-room.ts';
import { gatedProvider } from './gated-provider.ts';
import { openAiProviderName } from './openai/provider-name.ts';
import { serverAt, VENDOR_URLS } from './vendor/servers.ts';

/** How the models of one provider are reached, unless a model says otherwise. */
export interface ProviderConnection {
  /** null: the vendor's own. */
  baseUrl: string | null;
  apiKey: string | null;
  /** The file that the key came from; it is read again for each request. */
  apiKeyFile?: string | null;
  timeoutSeconds: number;
  stallSeconds: number;
  /** Requests under way at its address at once, of all models that name no limit of their own; the others wait. Default: any number. */
  maxConcurrent?: number | null;
  /** OpenAI only; null: responses for OpenAI itself, else chat_completions. */
  api?: OpenAiApi | null;
}

export interface ModelProvidersOptions {
  anthropic: ProviderConnection;
  openai: ProviderConnection;
  gemini: ProviderConnection;
  demoPace?: DemoPace;
  /** How many steps may wait at once where a `maxConcurrent` holds them up; default: any number. */
  mayWait?: number;
}

/** Makes the adapter for each model of the catalogue, once for each key that it has, from the settings that only brain workers have. */
export interface ModelProviders {
  /**
   * The adapter that answers for this model; the same one for the same entry, until the file of its key holds another. Throws `model_credentials_refused` when its
   * provider has neither a key nor a base URL of its own.
   */
  for(entry: ModelEntry): ModelProvider;
  /** Whether a step may have to wait for a `maxConcurrent`: of one of these models, or of a provider. */
  limits(entries: readonly ModelEntry[]): boolean;
  /**
   * Counts a step that is going to ask this model, until what it returns is called once. Throws `HandedBack` where the step would wait for
   * its `maxConcurrent` and as many as may do so already.
   */
  reserve(entry: ModelEntry): () => void;
}

export function createModelProviders(options: ModelProvidersOptions): ModelProviders {
  const made = new WeakMap<ModelEntry, { apiKey: string | null; provider: ModelProvider }>();
  const files = new Map<string, () => string | null>();
  const newest = (apiKey: string | null, file: string | null | undefined): string | null => {
    if (file === null || file === undefined) return apiKey;
    const known = files.get(file) ?? createKeyFile(file, apiKey);
    files.set(file, known);
    return known();
  };
  const keyOf = (entry: ModelEntry): string | null => {
    const { apiKey, apiKeyFile } = entry.connection;
    if (apiKey !== undefined) return newest(apiKey, apiKeyFile);
    // A provider's key goes to the provider's own address only, never to the one that a single model names.
    if (!isAtProvider(entry, options)) return null;
    const provider = options[entry.provider];
    return newest(provider.apiKey, provider.apiKeyFile);
  };
  const room = createWaitingRoom(options.mayWait ?? Number.POSITIVE_INFINITY);
  const gates = new Map<string, Gate>();
  const gateOf = (entry: ModelEntry): Gate | null => {
    const { maxConcurrent } = entry.connection;
    const shared = isAtProvider(entry, options) ? (options[entry.provider].maxConcurrent ?? null) : null;
    const limit = maxConcurrent ?? shared;
    if (limit === null) return null;
    const name = maxConcurrent === undefined ? entry.provider : `${entry.provider}/${entry.id}`;
    const gate = gates.get(name) ?? createGate(limit);
    gates.set(name, gate);
    return gate;
  };
  return {
    limits: (entries) =>
      [options.anthropic, options.openai, options.gemini].some(
        ({ maxConcurrent = null }) => maxConcurrent !== null,
      ) || entries.some(({ connection: { maxConcurrent = null } }) => maxConcurrent !== null),
    reserve(entry) {
      const gate = gateOf(entry);
      return gate === null ? () => undefined : room.reserve(gate);
    },
    for(entry) {
      const apiKey = keyOf(entry);
      const known = made.get(entry);
      if (known?.apiKey === apiKey) return known.provider;
      const adapter = FACTORIES[entry.provider](entry, options, apiKey);
      const gate = gateOf(entry);
      const provider = gate === null ? adapter : gatedProvider(adapter, gate);
      made.set(entry, { apiKey, provider });
      return provider;
    },
  };
}

/** Whether a model is reached at the address of its provider. */
function isAtProvider(
  entry: ModelEntry,
  options: ModelProvidersOptions,
): entry is ModelEntry & { provider: 'anthropic' | 'openai' | 'gemini' } {
  if (entry.provider === 'demo') return false;
  const { baseUrl } = entry.connection;
  return baseUrl === undefined || baseUrl === options[entry.provider].baseUrl;
}

type Factory = (entry: ModelEntry, options: ModelProvidersOptions, apiKey: string | null) => ModelProvider;

const FACTORIES: Record<ModelProviderKind, Factory> = {
  demo: (_entry, { demoPace }) => createDemoProvider(demoPace === undefined ? {} : { pace: demoPace }),
  anthropic: (entry, options, apiKey) => {
    const connection = connectionOf(entry, options.anthropic, apiKey, 'ANTHROPIC_API_KEY');
    return loadedLater('anthropic', serverAt(connection.baseUrl ?? VENDOR_URLS.anthropic), async () => {
      const { createAnthropicProvider } = await import('./anthropic/anthropic.ts');
      return createAnthropicProvider({ ...connection, traits: entry });
    });
  },
  openai: (entry, options, apiKey) => {
    const connection = connectionOf(entry, options.openai, apiKey, 'OPENAI_API_KEY');
    const api = entry.connection.api ?? options.openai.api;
    const server = serverAt(connection.baseUrl ?? VENDOR_URLS.openai);
    return loadedLater(openAiProviderName(connection.baseUrl), server, async () => {
      const { createOpenAiProvider } = await import('./openai/openai.ts');
      return createOpenAiProvider({ ...connection, traits: entry, ...(api ? { api } : {}) });
    });
  },
  gemini: (entry, options, apiKey) => {
    const connection = connectionOf(entry, options.gemini, apiKey, 'GEMINI_API_KEY');
    return loadedLater('gemini', serverAt(connection.baseUrl ?? VENDOR_URLS.gemini), async () => {
      const { createGeminiProvider } = await import('./gemini/gemini.ts');
      return createGeminiProvider({ ...connection, traits: entry });
    });
  },
};

function connectionOf(
  entry: ModelEntry,
  connection: ProviderConnection,
  apiKey: string | null,
  variable: string,
) {
  const { extraHeaders, extraBody } = entry.connection;
  const baseUrl = entry.connection.baseUrl ?? connection.baseUrl;
  if (apiKey === null && baseUrl === null && Object.keys(extraHeaders).length === 0)
    throw new AppError(
      'model_credentials_refused',
      `Model ${entry.id} needs an API key: set providers.${entry.provider}.api_key or ${variable}.`,
    );
  return {
    ...(baseUrl === null ? {} : { baseUrl }),
    apiKey,
    limits: { totalMs: connection.timeoutSeconds * 1_000, stallMs: connection.stallSeconds * 1_000 },
    extraHeaders,
    extraBody,
  };
}
