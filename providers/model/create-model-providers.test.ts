import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { VENDORS, type Vendor } from '../../core/models/connection.ts';
import { HandedBack } from '../../core/handed-back.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import type { ModelSetting } from '../../core/models/model-setting.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../test/scripted-model-server/index.ts';
import { anthropicProviderName } from './anthropic/provider-name.ts';
import { collect, userSays } from './contract/subject.ts';
import { createModelProviders, type ModelProvidersOptions } from './create-model-providers.ts';
import type { ModelRequest } from './model-provider.ts';
import { vendorConnections, type ProviderConnection } from './provider-connection.ts';

let servers: ScriptedModelServer[] = [];
afterEach(async () => {
  const violations = servers.flatMap((server) => server.violations());
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  expect(violations).toEqual([]);
});

async function start(apiKey?: string): Promise<ScriptedModelServer> {
  const server = await startScriptedModelServer(apiKey === undefined ? {} : { apiKey });
  server.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
  servers.push(server);
  return server;
}

const NOWHERE: Omit<ProviderConnection, 'protocol'> = {
  baseUrl: null,
  apiKey: null,
  timeoutSeconds: 30,
  stallSeconds: 10,
};

/** The vendors' connections lead nowhere, except for those that are given. */
function providersOf(
  given: Partial<Record<Vendor, typeof NOWHERE>> = {},
  options: Partial<ModelProvidersOptions> = {},
) {
  const connections: Record<string, ProviderConnection> = vendorConnections(NOWHERE);
  for (const vendor of VENDORS) connections[vendor] = { ...NOWHERE, ...given[vendor], protocol: vendor };
  return createModelProviders({ ...options, connections: { ...connections, ...options.connections } });
}

function requestFor(model: string): ModelRequest {
  return { model, system: '', messages: [userSays('hi')], tools: [], maxOutputTokens: 100, sessionId: 's' };
}

function entryOf(setting: ModelSetting) {
  const entry = createModelCatalog({ settings: [setting], usable: [setting.provider] }).resolve(setting.id);
  if (entry === null) throw new Error(`no model ${setting.id}`);
  return entry;
}

it.each([
  ['claude-opus-5-5', 'anthropic', '', '/v1/messages'],
  ['gpt-4.1', 'openai', '/v1', '/v1/chat/completions'],
  ['gemini-4-argon', 'gemini', '', '/v1beta/models/gemini-4-argon:streamGenerateContent'],
] as const)('reaches %s through the connection of its provider', async (id, provider, suffix, path) => {
  const server = await start('the-key');
  const connection = { ...NOWHERE, baseUrl: server.url + suffix, apiKey: 'the-key' };
  const providers = providersOf({ [provider]: connection });
  const entry = entryOf({ id, provider });
  const { response } = await collect(providers.for(entry), requestFor(entry.vendorModel));
  expect(response.blocks).toEqual([{ type: 'text', text: 'here' }]);
  expect(server.ledger()[0]?.path).toBe(path);
  expect(providers.for(entry)).toBe(providers.for(entry));
});

it('never sends a provider’s key to the address that a single model names', async () => {
  const own = await start('model-key');
  const providers = providersOf({ openai: { ...NOWHERE, apiKey: 'provider-key' } });
  const setting: ModelSetting = { id: 'm', provider: 'openai', base_url: `${own.url}/v1` };
  const without = providers.for(entryOf(setting));
  await expect(collect(without, requestFor('m'))).rejects.toMatchObject({
    code: 'model_credentials_refused',
  });
  expect(own.violations()).toEqual(['request 1: no credentials', 'request 1: the key is wrong']);
  own.reset();
  own.setDefault({ blocks: [{ type: 'text', text: 'here' }] });
  await collect(providers.for(entryOf({ ...setting, api_key: 'model-key' })), requestFor('m'));
});

it.each(['the provider', 'the model'])(
  'uses a replaced key of %s from the next request on',
  async (whose) => {
    const server = await start('second-key');
    const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-keys-'));
    const file = path.join(folder, 'key');
    writeFileSync(file, 'first-key\n');
    const baseUrl = `${server.url}/v1`;
    const isModels = whose === 'the model';
    const providers = providersOf({
      openai: isModels ? NOWHERE : { ...NOWHERE, baseUrl, apiKey: 'first-key', apiKeyFile: file },
    });
    const entry = entryOf({
      id: 'm',
      provider: 'openai',
      ...(isModels ? { base_url: baseUrl, api_key: 'first-key', api_key_file: file } : {}),
    });
    const ask = async () => collect(providers.for(entry), requestFor('m'));
    await expect(ask()).rejects.toMatchObject({ code: 'model_credentials_refused' });
    writeFileSync(file, 'second-key\n');
    expect((await ask()).response.blocks).toEqual([{ type: 'text', text: 'here' }]);
    // A file that is being replaced is empty, or not there at all, for a moment.
    writeFileSync(file, '');
    await ask();
    rmSync(folder, { recursive: true });
    await ask();
    expect(server.violations()).toEqual(['request 1: the key is wrong']);
    server.reset();
  },
);

it('says which setting is missing where there is no key', () => {
  const providers = providersOf();
  for (const [id, provider, variable] of [
    ['claude-opus-5-5', 'anthropic', 'ANTHROPIC_API_KEY'],
    ['gpt-6-sol', 'openai', 'OPENAI_API_KEY'],
    ['gemini-4-argon', 'gemini', 'GEMINI_API_KEY'],
  ] as const)
    expect(() => providers.for(entryOf({ id, provider }))).toThrow(variable);
});

it('uses the API, the extra headers and the extra body that a model names', async () => {
  const server = await start();
  const providers = providersOf();
  const entry = entryOf({
    id: 'gpt-6-sol',
    provider: 'openai',
    api: 'responses',
    base_url: `${server.url}/v1`,
    api_key: 'k',
    extra_headers: { 'x-team': 'blue' },
    extra_body: { prompt_cache_key: 'mine' },
  });
  const provider = providers.for(entry);
  expect(provider.name).toBe(`openai@127.0.0.1:${String(server.port)}`);
  await collect(provider, requestFor('gpt-6-sol'));
  expect(server.ledger()[0]).toMatchObject({
    path: '/v1/responses',
    headers: { 'x-team': 'blue' },
    body: { prompt_cache_key: 'mine' },
  });
});

it('lets the models of a provider have so many requests under way, apart from those with a limit of their own', async () => {
  const server = await start();
  const baseUrl = `${server.url}/v1`;
  const openai = { ...NOWHERE, baseUrl, apiKey: 'k', maxConcurrent: 1 };
  const providers = providersOf({ openai });
  const [first, second] = ['first', 'second'].map((id) => entryOf({ id, provider: 'openai' }));
  const own = entryOf({ id: 'own', provider: 'openai', max_concurrent_requests: 1 });
  if (!first || !second) throw new Error('two models');
  const models = () => server.ledger().map(({ model }) => model);
  const abort = new AbortController();
  server.push({ fault: { kind: 'hang' } });
  const hanging = collect(providers.for(first), requestFor('first'), abort.signal);
  await server.waitFor(({ model }) => model === 'first');
  const waiting = collect(providers.for(second), requestFor('second'));
  await collect(providers.for(own), requestFor('own'));
  expect(models()).toEqual(['first', 'own']);
  abort.abort(new Error('enough'));
  await expect(hanging).rejects.toThrow('enough');
  await waiting;
  expect(models()).toEqual(['first', 'own', 'second']);
});

it('lets no more steps wait for their turn than may: they would keep what others need', () => {
  const openai = { ...NOWHERE, baseUrl: 'http://127.0.0.1:1/v1', maxConcurrent: 1 };
  const providers = providersOf({ openai }, { mayWait: 1 });
  const limited = entryOf({ id: 'first', provider: 'openai' });
  const leave = providers.reserve(limited);
  providers.reserve(limited);
  expect(() => providers.reserve(limited)).toThrow(HandedBack);
  for (let count = 0; count < 5; count++) providers.reserve(entryOf({ id: 'demo', provider: 'demo' }));
  leave();
  providers.reserve(limited);
  expect(providers.limits([])).toBe(true);
});

it('says whether any step may have to wait', () => {
  const providers = providersOf();
  const free = entryOf({ id: 'free', provider: 'openai' });
  const own = { ...free, connection: { ...free.connection, maxConcurrent: 2 } };
  expect([providers.limits([free]), providers.limits([free, own])]).toEqual([false, true]);
});

it('makes the demo model without any settings', async () => {
  const providers = providersOf({}, { demoPace: { firstAnswerMs: 0, answerMs: 0, wordMs: 0 } });
  const { response } = await collect(
    providers.for(entryOf({ id: 'demo', provider: 'demo' })),
    requestFor('demo'),
  );
  expect(JSON.stringify(response.blocks)).toContain('demo model');
});

describe('connections of the operator’s own', () => {
  const settings = (urls: [string, string]): ModelSetting[] => [
    { id: 'small', provider: 'openai', connection: 'groq', base_url: urls[0] },
    { id: 'large', provider: 'openai', connection: 'lab', base_url: urls[1] },
  ];

  it('are reached each at its address, with its key, its headers and its fields, apart from the vendor’s', async () => {
    const [first, second] = [await start('groq-key'), await start('lab-key')];
    const urls: [string, string] = [`${first.url}/v1`, `${second.url}/v1`];
    const speaking = { ...NOWHERE, protocol: 'openai' as const };
    const providers = providersOf(
      { openai: { ...NOWHERE, apiKey: 'vendor-key' } },
      {
        connections: {
          groq: { ...speaking, baseUrl: urls[0], apiKey: 'groq-key', extraHeaders: { 'x-team': 'blue' } },
          lab: { ...speaking, baseUrl: urls[1], apiKey: 'lab-key', extraBody: { prompt_cache_key: 'lab' } },
        },
      },
    );
    const catalog = createModelCatalog({
      settings: settings(urls),
      usable: ['openai', 'groq', 'lab'],
      connections: {
        groq: { protocol: 'openai', base_url: urls[0] },
        lab: { protocol: 'openai', base_url: urls[1] },
      },
    });
    for (const id of ['small', 'large', 'groq/other/one']) {
      const entry = catalog.resolve(id);
      if (entry === null) throw new Error(`no model ${id}`);
      await collect(providers.for(entry), requestFor(entry.vendorModel));
    }
    expect(first.ledger()).toMatchObject([
      { model: 'small', headers: { 'x-team': 'blue' } },
      { model: 'other/one', headers: { 'x-team': 'blue' } },
    ]);
    expect(second.ledger()).toMatchObject([{ model: 'large', body: { prompt_cache_key: 'lab' } }]);
  });

  it('say where the key is missing, and which connection a worker lacks', () => {
    const providers = providersOf({}, { connections: { team: { ...NOWHERE, protocol: 'openai' } } });
    const entry = entryOf({ id: 'gpt-6-sol', provider: 'openai', connection: 'team', has_key: true });
    expect(() => providers.for(entry)).toThrow('set providers.team.api_key.');
    expect(() => providers.for({ ...entry, connectionName: 'gone' })).toThrow('add providers.gone');
  });
});

it.each([
  ['claude-opus-5-5', undefined, 'anthropic'],
  ['anthropic/claude-opus-4.5', 'https://gateway.example/v1', 'anthropic'],
  ['kimi-k2', 'https://api.moonshot.ai/anthropic', 'anthropic@api.moonshot.ai'],
])('tags what %s thinks with who can read it', (model, baseUrl, name) => {
  expect(anthropicProviderName(model, baseUrl)).toBe(name);
});
