import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createModelCatalog } from '../../../core/models/model-catalog.ts';
import type { ModelEntry } from '../../../core/models/model-entry.ts';
import { throughConnection } from '../../../core/models/connection.ts';
import type { CloudFront } from '../../../test/cloud-doubles/cloud-front.ts';
import { startTokenServer, SUBJECT, type TokenServer } from '../../../test/cloud-doubles/token-server.ts';
import { startVertex } from '../../../test/cloud-doubles/vertex.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import { modelProviderContract } from '../contract.ts';
import { collect, failureOf, LIMITS, makeRequest, type ContractSubject } from '../contract/subject.ts';
import type { StreamLimits } from '../stream-guard.ts';
import type { ProviderConnection, Reach } from '../provider-connection.ts';
import { createVertexProvider, vertexIdentity } from './vertex.ts';

let tokens: TokenServer;
let vertex: CloudFront;
let folder: string;
let keyFile: string;
beforeAll(async () => {
  tokens = await startTokenServer();
  vertex = await startVertex(tokens);
  folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-vertex-'));
  keyFile = path.join(folder, 'key.json');
  const subjectFile = path.join(folder, 'subject');
  writeFileSync(subjectFile, SUBJECT);
  writeFileSync(keyFile, JSON.stringify(tokens.federatedIdentity(subjectFile)));
});
afterAll(async () => {
  await Promise.all([vertex.close(), tokens.close()]);
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  Object.assign(tokens, { seconds: 3_600, trouble: null });
  tokens.asked.length = 0;
  vertex.requests.length = 0;
});

function entryOf(id: string): ModelEntry {
  const connections = { gcp: { protocol: 'vertex' as const, base_url: null } };
  const setting = throughConnection({ id, provider: 'gcp' }, connections);
  if (setting === null) throw new Error('no connection');
  const entry = createModelCatalog({ settings: [setting], usable: ['gcp'], connections }).resolve(id);
  if (entry === null) throw new Error(`no model ${id}`);
  return entry;
}

function providerOf(
  model: string,
  {
    credentialsFile = keyFile,
    limits = {},
  }: { credentialsFile?: string | null; limits?: Partial<StreamLimits> } = {},
) {
  const connection: ProviderConnection = {
    protocol: 'vertex',
    baseUrl: null,
    apiKey: null,
    timeoutSeconds: 30,
    stallSeconds: 10,
    cloud: { at: 'vertex', project: 'the-project', location: 'europe-west1', credentialsFile },
  };
  const entry = entryOf(model);
  const reach: Reach = {
    entry,
    connection,
    through: 'gcp',
    baseUrl: vertex.url,
    apiKey: null,
    limits: { ...LIMITS, ...limits },
    extraHeaders: {},
    extraBody: {},
  };
  return createVertexProvider(reach, vertexIdentity(reach));
}

const make: (model: string) => ContractSubject['make'] =
  (model) =>
  ({ url, limits }) => {
    vertex.upstream = url;
    return providerOf(model, limits === undefined ? {} : { limits });
  };

modelProviderContract({
  name: 'Claude on Vertex AI',
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
  name: 'Gemini on Vertex AI',
  model: 'gemini-4-argon',
  keepsThinking: true,
  countsEarly: true,
  countsTokens: true,
  streamsArguments: false,
  reportsCacheWrites: false,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal'],
  make: make('gemini-4-argon'),
});

modelProviderContract({
  name: 'another model on Vertex AI',
  model: 'meta/llama-4-maverick',
  keepsThinking: true,
  countsEarly: false,
  countsTokens: false,
  streamsArguments: true,
  reportsCacheWrites: true,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal'],
  make: make('meta/llama-4-maverick'),
});

describe('Vertex AI', () => {
  let server: ScriptedModelServer;
  beforeEach(async () => {
    server = await startScriptedModelServer();
    server.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
    vertex.upstream = server.url;
  });
  afterEach(async () => {
    const violations = server.violations();
    await server.close();
    expect(violations).toEqual([]);
  });
  const ask = (provider: ReturnType<typeof providerOf>, model = 'claude-opus-5-5') =>
    collect(provider, { ...makeRequest({ model } as ContractSubject), model });

  it('is asked as a federated identity, with one token for many requests', async () => {
    const provider = providerOf('claude-opus-5-5');
    await ask(provider);
    await ask(provider);
    expect(tokens.asked).toEqual(['/sts']);
    expect(vertex.requests[0]?.target).toBe(
      '/v1/projects/the-project/locations/europe-west1/publishers/anthropic/models/claude-opus-5-5:streamRawPredict',
    );
  });

  it('is asked as the machine that the metadata server says it is', async () => {
    vi.stubEnv('GCE_METADATA_HOST', new URL(tokens.url).host);
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
    vi.stubEnv('HOME', folder);
    vi.stubEnv('CLOUDSDK_CONFIG', folder);
    await ask(providerOf('claude-opus-5-5', { credentialsFile: null }));
    expect(tokens.asked.at(-1)).toBe('/computeMetadata/v1/instance/service-accounts/default/token');
  });

  it('gets another token where the last one is about to end, and where it was taken back', async () => {
    tokens.seconds = 2;
    const provider = providerOf('claude-opus-5-5');
    await ask(provider);
    await ask(provider);
    expect(tokens.asked).toHaveLength(2);
    tokens.seconds = 3_600;
    await ask(provider);
    tokens.revoke();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
    await ask(provider);
    expect(tokens.asked).toHaveLength(4);
  });

  it.each([
    [
      'an account that is gone',
      { status: 400, body: { error: 'invalid_grant' } },
      'model_credentials_refused',
    ],
    ['a token server that is out of order', { status: 503, body: {} }, 'model_unreachable'],
  ] as const)('says what to do of %s, and tries anew', async (_what, trouble, code) => {
    const provider = providerOf('claude-opus-5-5');
    tokens.trouble = trouble;
    const error = await failureOf(ask(provider));
    expect(error.code).toBe(code);
    if (code === 'model_credentials_refused')
      expect(error.message).toContain('providers.gcp.credentials_file');
    expect(vertex.requests).toEqual([]);
    tokens.trouble = null;
    await ask(provider);
  });

  it.each(['claude-opus-5-5', 'gemini-4-argon', 'meta/llama-4-maverick'])(
    'says what the account needs where it is refused: %s',
    async (model) => {
      const provider = providerOf(model);
      server.setDefault({ fault: { kind: 'status', status: 403 } });
      const error = await failureOf(ask(provider, model));
      expect(error.code).toBe('model_credentials_refused');
      expect(error.message).toContain('roles/aiplatform.user');
      expect(error.message).not.toContain('API key');
    },
  );

  it.each(['claude-opus-5-5', 'gemini-4-argon', 'meta/llama-4-maverick'])(
    'takes nothing from the variables of the vendors’ clients: %s',
    async (model) => {
      const elsewhere = 'http://127.0.0.1:9';
      for (const [name, value] of Object.entries({
        ANTHROPIC_VERTEX_BASE_URL: elsewhere,
        ANTHROPIC_VERTEX_PROJECT_ID: 'another',
        CLOUD_ML_REGION: 'another',
        ANTHROPIC_CUSTOM_HEADERS: 'anthropic-version: 1999-01-01\nx-leak: yes\nauthorization: Bearer wrong',
        ANTHROPIC_API_KEY: 'wrong',
        GOOGLE_VERTEX_BASE_URL: elsewhere,
        GOOGLE_GEMINI_BASE_URL: elsewhere,
        GOOGLE_API_KEY: 'wrong',
        GEMINI_API_KEY: 'wrong',
        GOOGLE_CLOUD_PROJECT: 'another',
        GOOGLE_CLOUD_LOCATION: 'another',
        OPENAI_BASE_URL: elsewhere,
        OPENAI_API_KEY: 'wrong',
      }))
        vi.stubEnv(name, value);
      await ask(providerOf(model), model);
      const [request] = vertex.requests;
      expect(JSON.stringify([request?.headers, request?.body])).not.toMatch(/wrong|1999|x-leak|another/);
    },
  );

  it('says which file it cannot read', async () => {
    const error = await failureOf(ask(providerOf('claude-opus-5-5', { credentialsFile: '/nowhere.json' })));
    expect(error.code).toBe('model_credentials_refused');
    expect(error.message).toContain('/nowhere.json');
  });

  it('gives up on a token server that says nothing, as on any silence, and is soon asked again', async () => {
    const provider = providerOf('claude-opus-5-5', { limits: { stallMs: 300 } });
    tokens.trouble = 'silence';
    expect((await failureOf(ask(provider))).code).toBe('model_unreachable');
    tokens.trouble = null;
    await ask(provider);
  });
});
