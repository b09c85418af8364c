import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { throughConnection } from '../../../core/models/connection.ts';
import { createModelCatalog } from '../../../core/models/model-catalog.ts';
import { startAzure } from '../../../test/cloud-doubles/azure.ts';
import type { CloudFront } from '../../../test/cloud-doubles/cloud-front.ts';
import { startTokenServer, type TokenServer } from '../../../test/cloud-doubles/token-server.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import { modelProviderContract } from '../contract.ts';
import { collect, failureOf, LIMITS, makeRequest, type ContractSubject } from '../contract/subject.ts';
import type { ProviderConnection, Reach } from '../provider-connection.ts';
import type { StreamLimits } from '../stream-guard.ts';
import { azureIdentity, createAzureProvider } from './azure.ts';
import { azureUrls } from './places.ts';

let tokens: TokenServer;
let azure: CloudFront;
beforeAll(async () => {
  tokens = await startTokenServer();
  azure = await startAzure(tokens);
});
afterAll(async () => {
  await Promise.all([azure.close(), tokens.close()]);
});
beforeEach(() => {
  // A machine of App Service, and nobody else.
  vi.stubEnv('IDENTITY_ENDPOINT', `${tokens.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', 'secret-of-the-machine');
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'ManagedIdentityCredential');
});
afterEach(() => {
  vi.unstubAllEnvs();
  Object.assign(tokens, { seconds: 3_600, trouble: null });
  tokens.asked.length = 0;
  azure.requests.length = 0;
});

interface Given {
  url?: string;
  apiKey?: string | null;
  api?: 'responses' | 'chat_completions' | null;
  apiVersion?: string | null;
  limits?: Partial<StreamLimits>;
}

function providerOf(model: string, given: Given = {}) {
  const { url = azure.url, apiKey = null, api = null, apiVersion = null, limits = {} } = given;
  const connection: ProviderConnection = {
    protocol: 'azure',
    baseUrl: url,
    apiKey,
    api,
    timeoutSeconds: 30,
    stallSeconds: 10,
    cloud: {
      at: 'azure',
      apiVersion,
      clientId: null,
      scope: 'https://cognitiveservices.azure.com/.default',
    },
  };
  const connections = { work: { protocol: 'azure' as const, base_url: url } };
  const setting = throughConnection({ id: model, provider: 'work' }, connections);
  if (setting === null) throw new Error('no connection');
  const entry = createModelCatalog({ settings: [setting], usable: ['work'], connections }).resolve(model);
  if (entry === null) throw new Error(`no model ${model}`);
  const reach: Reach = {
    entry,
    connection,
    through: 'work',
    baseUrl: url,
    apiKey,
    limits: { ...LIMITS, ...limits },
    extraHeaders: {},
    extraBody: {},
  };
  return createAzureProvider(reach, azureIdentity(reach));
}

const make =
  (model: string, given: Given = {}): ContractSubject['make'] =>
  ({ url, limits }) => {
    azure.upstream = url;
    return providerOf(model, limits === undefined ? given : { ...given, limits });
  };

modelProviderContract({
  name: 'Claude on Azure',
  model: 'claude-opus-5-5',
  keepsThinking: true,
  countsEarly: true,
  countsTokens: true,
  streamsArguments: true,
  reportsCacheWrites: true,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal', 'context_overflow'],
  make: make('claude-opus-5-5'),
});

modelProviderContract({
  name: 'Responses on Azure',
  model: 'gpt-6.1-sol',
  keepsThinking: true,
  countsEarly: false,
  countsTokens: true,
  streamsArguments: true,
  reportsCacheWrites: true,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal'],
  make: make('gpt-6.1-sol', { api: 'responses' }),
});

describe('Azure', () => {
  let server: ScriptedModelServer;
  beforeEach(async () => {
    server = await startScriptedModelServer();
    server.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
    azure.upstream = server.url;
  });
  afterEach(async () => {
    const violations = server.violations();
    await server.close();
    expect(violations).toEqual([]);
  });
  const ask = (provider: ReturnType<typeof providerOf>, model: string) =>
    collect(provider, makeRequest({ model } as ContractSubject));

  it.each([
    ['gpt-6.1-sol', {}, '/openai/v1/chat/completions'],
    ['gpt-6.1-sol', { api: 'responses' as const }, '/openai/v1/responses'],
    [
      'gpt-6.1-sol',
      { apiVersion: '2026-05-01' },
      '/openai/deployments/gpt-6.1-sol/chat/completions?api-version=2026-05-01',
    ],
    ['claude-opus-5-5', {}, '/anthropic/v1/messages'],
  ])('is asked as the machine: %s with %j', async (model, given, target) => {
    await ask(providerOf(model, given), model);
    expect(azure.requests.map((request) => request.target)).toEqual([target]);
    expect(azure.requests[0]?.headers['api-key']).toBeUndefined();
    expect(azure.requests[0]?.headers['x-api-key']).toBeUndefined();
  });

  it.each([
    ['claude-opus-5-5', {}],
    ['gpt-6.1-sol', {}],
    ['gpt-6.1-sol', { apiVersion: '2026-05-01' }],
  ])('takes nothing from the variables of the vendors’ clients: %s %j', async (model, given) => {
    for (const [name, value] of Object.entries({
      ANTHROPIC_FOUNDRY_BASE_URL: 'http://127.0.0.1:9',
      ANTHROPIC_FOUNDRY_RESOURCE: 'another',
      ANTHROPIC_FOUNDRY_API_KEY: 'wrong',
      ANTHROPIC_CUSTOM_HEADERS: 'x-leak: yes\nauthorization: Bearer wrong',
      AZURE_OPENAI_API_KEY: 'wrong',
      AZURE_OPENAI_ENDPOINT: 'http://127.0.0.1:9',
      AZURE_OPENAI_AD_TOKEN: 'wrong',
      OPENAI_API_VERSION: '1999-01-01',
      OPENAI_BASE_URL: 'http://127.0.0.1:9',
      OPENAI_API_KEY: 'wrong',
      OPENAI_ORG_ID: 'wrong',
    }))
      vi.stubEnv(name, value);
    await ask(providerOf(model, given), model);
    const [request] = azure.requests;
    expect(JSON.stringify([request?.target, request?.headers])).not.toMatch(/wrong|1999|x-leak|another/);
  });

  it.each(['gpt-6.1-sol', 'claude-opus-5-5'])('is asked with a key where there is one: %s', async (model) => {
    const keyed = await startAzure({ apiKey: 'the-key' });
    keyed.upstream = server.url;
    await ask(providerOf(model, { url: keyed.url, apiKey: 'the-key' }), model);
    expect(tokens.asked).toEqual([]);
    const wrong = providerOf(model, { url: keyed.url, apiKey: 'another' });
    const error = await failureOf(ask(wrong, model));
    expect(error.code).toBe('model_credentials_refused');
    expect(error.message).toContain('API key');
    await keyed.close();
  });

  it.each([
    [
      'an identity that is gone',
      { status: 400, body: { error: 'invalid_request' } },
      'model_credentials_refused',
    ],
    ['a token server that is out of order', { status: 500, body: {} }, 'model_unreachable'],
  ] as const)('says what to do of %s, and tries anew', { timeout: 60_000 }, async (_what, trouble, code) => {
    // Each resource has tokens of its own, so that none is at hand.
    const provider = providerOf('gpt-6.1-sol');
    tokens.trouble = trouble;
    const error = await failureOf(ask(provider, 'gpt-6.1-sol'));
    expect(error.code).toBe(code);
    expect(azure.requests).toEqual([]);
    if (code === 'model_credentials_refused') expect(error.message).toContain('providers.work.client_id');
    tokens.trouble = null;
    await ask(provider, 'gpt-6.1-sol');
  });

  it('says what the identity needs where it is refused', async () => {
    server.setDefault({ fault: { kind: 'status', status: 403 } });
    const error = await failureOf(ask(providerOf('gpt-6.1-sol'), 'gpt-6.1-sol'));
    expect(error.message).toContain('Cognitive Services User');
  });

  it.each([
    [
      'https://r.openai.azure.com',
      'https://r.openai.azure.com/openai/v1',
      'https://r.services.ai.azure.com/anthropic',
    ],
    [
      'https://r.services.ai.azure.com/',
      'https://r.services.ai.azure.com/openai/v1',
      'https://r.services.ai.azure.com/anthropic',
    ],
    [
      'https://r.openai.azure.com/openai/v1/',
      'https://r.openai.azure.com/openai/v1',
      'https://r.services.ai.azure.com/anthropic',
    ],
    [
      'https://r.services.ai.azure.com/anthropic/v1',
      'https://r.services.ai.azure.com/openai/v1',
      'https://r.services.ai.azure.com/anthropic',
    ],
    [
      'https://r.cognitiveservices.azure.us',
      'https://r.cognitiveservices.azure.us/openai/v1',
      'https://r.services.ai.azure.us/anthropic',
    ],
    [
      'https://gateway.example/azure',
      'https://gateway.example/azure/openai/v1',
      'https://gateway.example/azure/anthropic',
    ],
  ])('finds both addresses of a resource: %s', (given, openai, anthropic) => {
    expect(azureUrls(given)).toMatchObject({ openai, anthropic });
  });
});
