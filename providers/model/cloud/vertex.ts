import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { PassThroughClient } from 'google-auth-library';
import { createAnthropicFetch } from '../anthropic/anthropic-fetch.ts';
import { createAnthropicProvider } from '../anthropic/anthropic.ts';
import { CLIENT_OPTIONS, sdkTransport } from '../anthropic/transport.ts';
import { createGeminiProvider } from '../gemini/gemini.ts';
import type { ModelProvider } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';
import type { Reach } from '../provider-connection.ts';
import type { Identity } from './identity.ts';
import { createGoogleIdentity } from './google-identity.ts';
import { placeOf, vertexUrl } from './places.ts';

/** A model of Vertex AI: Claude and Gemini by their vendors' own APIs, which it has, the others by its chat completions. */
export function createVertexProvider(reach: Reach, identity: Identity): ModelProvider {
  const { entry, baseUrl, ...given } = reach;
  const { project, location } = placeOf(reach, 'vertex');
  const root = (baseUrl ?? vertexUrl(location)).replace(/\/(v1(beta1)?\/?)?$/, '');
  // The SDKs would wait for an identity of their own for ever, or keep its first failure: the header is set at each request instead.
  const nobody = new PassThroughClient();
  switch (entry.provider) {
    case 'anthropic': {
      const client = new AnthropicVertex({
        ...CLIENT_OPTIONS,
        baseURL: `${root}/v1`,
        region: location,
        projectId: project,
        authClient: nobody,
        timeout: given.limits.totalMs,
        fetch: createAnthropicFetch(null, given.extraHeaders, identity),
      });
      const transport = sdkTransport(client, 'Vertex AI', identity.advice);
      return createAnthropicProvider({ ...given, traits: entry, transport });
    }
    case 'gemini':
      return createGeminiProvider({
        ...given,
        baseUrl: root,
        traits: entry,
        vertex: { project, location, googleAuthOptions: { authClient: nobody }, identity },
      });
    default: {
      const path = `projects/${project}/locations/${location}/endpoints/openapi`;
      return createOpenAiProvider({
        ...given,
        baseUrl: `${root}/v1/${path}`,
        api: 'chat_completions',
        traits: entry,
        identity,
      });
    }
  }
}

export function vertexIdentity(reach: Reach): Identity {
  const { credentialsFile } = placeOf(reach, 'vertex');
  return createGoogleIdentity({ credentialsFile, through: reach.through });
}
