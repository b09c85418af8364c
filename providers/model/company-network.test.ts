import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { throughConnection, type Protocol } from '../../core/models/connection.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { startAzure } from '../../test/cloud-doubles/azure.ts';
import { startBedrock } from '../../test/cloud-doubles/bedrock.ts';
import type { CloudFront } from '../../test/cloud-doubles/cloud-front.ts';
import { startTokenServer, SUBJECT, type TokenServer } from '../../test/cloud-doubles/token-server.ts';
import { startVertex } from '../../test/cloud-doubles/vertex.ts';
import {
  makeAuthority,
  startCorporateProxy,
  type CompanyAuthority,
  type CorporateProxy,
  type CorporateProxyOptions,
} from '../../test/doubles/corporate-proxy.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../test/scripted-model-server/index.ts';
import { useNetwork } from '../network/outbound-network.ts';
import { NO_NETWORK_SETTINGS } from '../network/proxy-route.ts';
import { azureIdentity, createAzureProvider } from './cloud/azure.ts';
import { createBedrockProvider } from './cloud/bedrock/bedrock.ts';
import { createVertexProvider, vertexIdentity } from './cloud/vertex.ts';
import { WIRES } from './contract/raw-answers.ts';
import { collect, failureOf, LIMITS, makeRequest, type ContractSubject } from './contract/subject.ts';
import type { ModelProvider } from './model-provider.ts';
import type { ProviderConnection, Reach } from './provider-connection.ts';

const ACCOUNT = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
  service: 'bedrock',
};

let company: CompanyAuthority;
let models: ScriptedModelServer;
let tokens: TokenServer;
let clouds: Record<'bedrock' | 'vertex' | 'azure', CloudFront>;
let folder: string;
let keyFile: string;
const open: CorporateProxy[] = [];
beforeAll(async () => {
  company = makeAuthority();
  models = await startScriptedModelServer({ onViolation: 'record' });
  models.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
  tokens = await startTokenServer();
  clouds = {
    bedrock: await startBedrock(ACCOUNT),
    vertex: await startVertex(tokens),
    azure: await startAzure(tokens),
  };
  for (const cloud of Object.values(clouds)) cloud.upstream = models.url;
  folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-company-'));
  keyFile = path.join(folder, 'key.json');
  const subjectFile = path.join(folder, 'subject');
  writeFileSync(subjectFile, SUBJECT);
  // The token server of Google stands outside as well.
  const identity = { ...tokens.federatedIdentity(subjectFile), token_url: 'https://sts.test/sts' };
  writeFileSync(keyFile, JSON.stringify(identity));
});
afterAll(async () => {
  await Promise.all([models, tokens, ...Object.values(clouds)].map((server) => server.close()));
  company.remove();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  const variables = {
    AWS_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCOUNT.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
    IDENTITY_ENDPOINT: `${tokens.url}/msi/token`,
    IDENTITY_HEADER: 'secret-of-the-machine',
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  useNetwork(NO_NETWORK_SETTINGS);
  for (const proxy of open.splice(0)) proxy.close();
});

/** Every server stands outside, under a name that only the proxy knows. */
async function behind(options: Partial<CorporateProxyOptions> = {}): Promise<CorporateProxy> {
  const hosts = {
    'model.test': portOf(models.url),
    'bedrock.test': portOf(clouds.bedrock.url),
    'vertex.test': portOf(clouds.vertex.url),
    'azure.test': portOf(clouds.azure.url),
    'sts.test': portOf(tokens.url),
  };
  const proxy = await startCorporateProxy({
    hosts,
    inspectsWith: company,
    credentials: 'me:secret-word',
    ...options,
  });
  open.push(proxy);
  useNetwork({
    ...NO_NETWORK_SETTINGS,
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    authorities: company.pem,
  });
  return proxy;
}

const portOf = (url: string): number => Number(new URL(url).port);

const CLOUDS: Record<string, ProviderConnection['cloud']> = {
  bedrock: { at: 'bedrock', region: ACCOUNT.region, profile: null },
  get vertex() {
    return {
      at: 'vertex',
      project: 'the-project',
      location: 'europe-west1',
      credentialsFile: keyFile,
    } as const;
  },
  azure: {
    at: 'azure',
    apiVersion: null,
    clientId: null,
    scope: 'https://cognitiveservices.azure.com/.default',
  },
};

function inCloud(protocol: Protocol, model: string): ModelProvider {
  const url = `https://${protocol}.test`;
  const connections = { out: { protocol, base_url: url } };
  const setting = throughConnection({ id: model, provider: 'out' }, connections);
  const entry =
    setting && createModelCatalog({ settings: [setting], usable: ['out'], connections }).resolve(model);
  if (!entry) throw new Error(`no model ${model}`);
  const cloud = CLOUDS[protocol];
  const reach: Reach = {
    entry,
    connection: {
      protocol,
      baseUrl: url,
      apiKey: null,
      timeoutSeconds: 30,
      stallSeconds: 10,
      ...(cloud === undefined ? {} : { cloud }),
    },
    through: 'out',
    baseUrl: url,
    apiKey: null,
    limits: LIMITS,
    extraHeaders: {},
    extraBody: {},
  };
  if (protocol === 'bedrock') return createBedrockProvider(reach);
  if (protocol === 'vertex') return createVertexProvider(reach, vertexIdentity(reach));
  return createAzureProvider(reach, azureIdentity(reach));
}

const SUBJECTS: [string, string, () => ModelProvider][] = [
  ['Claude', 'claude-opus-5-5', () => at('anthropic')],
  ['chat completions', 'gpt-4.1', () => at('chat')],
  ['Responses', 'gpt-4.1', () => at('responses')],
  ['Gemini', 'gemini-4-argon', () => at('gemini')],
  ['Claude on Bedrock', 'claude-opus-5-5', () => inCloud('bedrock', 'claude-opus-5-5')],
  ['Claude on Vertex AI', 'claude-opus-5-5', () => inCloud('vertex', 'claude-opus-5-5')],
  ['Gemini on Vertex AI', 'gemini-4-argon', () => inCloud('vertex', 'gemini-4-argon')],
  ['another model on Vertex AI', 'meta/llama-4', () => inCloud('vertex', 'meta/llama-4')],
  ['Claude on Azure', 'claude-opus-5-5', () => inCloud('azure', 'claude-opus-5-5')],
  ['GPT on Azure', 'gpt-4.1', () => inCloud('azure', 'gpt-4.1')],
];

function at(wire: string): ModelProvider {
  const provider = WIRES[wire]?.('https://model.test');
  if (provider === undefined) throw new Error(`no wire ${wire}`);
  return provider;
}

const asked = (model: string) => makeRequest({ model } as ContractSubject);

describe.each(SUBJECTS)('%s behind a company’s proxy that inspects TLS', (_name, model, make) => {
  it('is asked through it alone', async () => {
    const proxy = await behind();
    const { response } = await collect(make(), asked(model));
    expect(response.blocks).toMatchObject([{ type: 'text', text: 'here' }]);
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(proxy.inspected.length).toBeGreaterThan(0);
  });

  it('names the proxy where that refuses, without its password', async () => {
    const proxy = await behind({ answers: 403 });
    const { message } = await failureOf(collect(make(), asked(model)));
    expect(message).toContain(`127.0.0.1:${String(proxy.port)}`);
    expect(message).toMatch(/proxy/i);
    expect(message).not.toContain('secret-word');
  });

  it('says that the authority is missing where it is not trusted', async () => {
    const proxy = await behind();
    useNetwork({ ...NO_NETWORK_SETTINGS, httpProxy: proxy.url, httpsProxy: proxy.url });
    const { code, message } = await failureOf(collect(make(), asked(model)));
    expect(code).toBe('model_unreachable');
    expect(message).toMatch(/certificate/i);
    expect(message).toContain('network.ca_file');
  });
});
