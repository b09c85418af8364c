import type { Protocol } from '../../core/models/connection.ts';
import { anthropicProviderName } from './anthropic/provider-name.ts';
import { loadedLater } from './loaded-later.ts';
import type { ModelProvider } from './model-provider.ts';
import { openAiProviderName } from './openai/provider-name.ts';
import type { Reach } from './provider-connection.ts';
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
};
