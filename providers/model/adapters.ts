import type { Protocol } from '../../core/models/connection.ts';
import type { Identity } from './cloud/identity.ts';
import { serverOfCloud } from './cloud/places.ts';
import { anthropicProviderName } from './anthropic/provider-name.ts';
import { loadedLater } from './loaded-later.ts';
import type { ModelProvider } from './model-provider.ts';
import { openAiProviderName } from './openai/provider-name.ts';
import type { ProviderConnection, Reach } from './provider-connection.ts';
import { serverAt, VENDOR_URLS } from './vendor/servers.ts';

/** The adapter of each protocol, whose code is loaded at its first request. */
export const ADAPTERS: Record<Protocol, (reach: Reach) => ModelProvider> = {
  anthropic: ({ entry: traits, ...reach }) => {
    const name = anthropicProviderName(traits.vendorModel, reach.baseUrl);
    return loadedLater(name, serverAt(reach.baseUrl ?? VENDOR_URLS.anthropic), async () => {
      const { createAnthropicProvider } = await import('./anthropic/anthropic.ts');
      return createAnthropicProvider({ ...reach, name, traits });
    });
  },
  openai: ({ entry: traits, connection, ...reach }) => {
    const api = traits.connection.api ?? connection.api;
    const server = serverAt(reach.baseUrl ?? VENDOR_URLS.openai);
    return loadedLater(openAiProviderName(reach.baseUrl), server, async () => {
      const { createOpenAiProvider } = await import('./openai/openai.ts');
      return createOpenAiProvider({ ...reach, traits, ...(api ? { api } : {}) });
    });
  },
  gemini: ({ entry: traits, ...reach }) =>
    loadedLater('gemini', serverAt(reach.baseUrl ?? VENDOR_URLS.gemini), async () => {
      const { createGeminiProvider } = await import('./gemini/gemini.ts');
      return createGeminiProvider({ ...reach, traits });
    }),
  bedrock: (reach) =>
    loadedLater(nameAtCloud(reach, 'bedrock'), serverOfCloud(reach), async () => {
      const { createBedrockProvider } = await import('./cloud/bedrock/bedrock.ts');
      return createBedrockProvider(reach);
    }),
  vertex: (reach) =>
    loadedLater(nameAtCloud(reach, 'openai'), serverOfCloud(reach), async () => {
      const { createVertexProvider, vertexIdentity } = await import('./cloud/vertex.ts');
      return createVertexProvider(
        reach,
        identityOf(reach, () => vertexIdentity(reach)),
      );
    }),
  azure: (reach) =>
    loadedLater(nameAtCloud(reach, 'openai'), serverOfCloud(reach), async () => {
      const { createAzureProvider, azureIdentity } = await import('./cloud/azure.ts');
      return createAzureProvider(
        reach,
        identityOf(reach, () => azureIdentity(reach)),
      );
    }),
};

/** The tag of opaque blocks: what Claude and Gemini signed holds wherever they are asked. */
function nameAtCloud({ entry, through }: Reach, other: string): string {
  const { provider } = entry;
  return provider === 'anthropic' || provider === 'gemini' ? provider : `${other}@${through}`;
}

const identities = new WeakMap<ProviderConnection, { apiKey: string | null; identity: Identity }>();

/** One for all models of a connection, as long as its key stays the same. */
function identityOf({ connection, apiKey }: Reach, make: () => Identity): Identity {
  const known = identities.get(connection);
  if (known?.apiKey === apiKey) return known.identity;
  const identity = make();
  identities.set(connection, { apiKey, identity });
  return identity;
}
