import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import { createAnthropicFetch } from '../anthropic/anthropic-fetch.ts';
import { createAnthropicProvider } from '../anthropic/anthropic.ts';
import { CLIENT_OPTIONS, sdkTransport } from '../anthropic/transport.ts';
import type { ModelProvider } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';
import type { Reach } from '../provider-connection.ts';
import { createEntraIdentity } from './entra-identity.ts';
import type { Identity } from './identity.ts';
import { azureUrls, placeOf } from './places.ts';

/** A model deployed in Azure: Claude by the vendor's own API, the others by OpenAI's. */
export function createAzureProvider(reach: Reach, identity: Identity): ModelProvider {
  const { entry, baseUrl = '', connection, apiKey, ...given } = reach;
  const urls = azureUrls(baseUrl);
  if (entry.provider === 'anthropic') {
    const client = new AnthropicFoundry({
      ...CLIENT_OPTIONS,
      baseURL: urls.anthropic,
      resource: null as never,
      // Passing a key keeps the SDK from looking for one in the environment; the header is set at each request.
      apiKey: 'none',
      timeout: given.limits.totalMs,
      fetch: createAnthropicFetch(null, given.extraHeaders, identity),
    });
    return createAnthropicProvider({
      ...given,
      apiKey,
      traits: entry,
      transport: sdkTransport(client, 'Azure', identity.advice),
    });
  }
  const api = entry.connection.api ?? connection.api;
  const { apiVersion } = placeOf(reach, 'azure');
  return createOpenAiProvider({
    ...given,
    apiKey: null,
    baseUrl: apiVersion === null ? urls.openai : urls.older,
    ...(apiVersion === null ? {} : { azureApiVersion: apiVersion }),
    ...(api ? { api } : {}),
    dialect: 'azure',
    traits: entry,
    identity,
  });
}

/** A key where there is one, else a token of Entra. */
export function azureIdentity(reach: Reach): Identity {
  const { apiKey, through } = reach;
  if (apiKey === null) return createEntraIdentity({ ...placeOf(reach, 'azure'), through });
  const headers = { 'api-key': apiKey, 'x-api-key': apiKey };
  return { headers: () => Promise.resolve(headers) };
}
