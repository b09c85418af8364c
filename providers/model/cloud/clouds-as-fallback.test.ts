import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throughConnection } from '../../../core/models/connection.ts';
import { createModelCatalog } from '../../../core/models/model-catalog.ts';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { startBedrock } from '../../../test/cloud-doubles/bedrock.ts';
import type { CloudFront } from '../../../test/cloud-doubles/cloud-front.ts';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
} from '../../../test/scripted-model-server/index.ts';
import {
  answerTo,
  asMessage,
  collect,
  failureOf,
  makeRequest,
  userSays,
  type ContractSubject,
} from '../contract/subject.ts';
import { createModelProviders } from '../create-model-providers.ts';
import { vendorConnections, type ProviderConnection } from '../provider-connection.ts';

const ACCOUNT = { accessKeyId: 'AKID', secretAccessKey: 'secret', region: 'us-east-1', service: 'bedrock' };

let server: ScriptedModelServer;
let bedrock: CloudFront;
beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', ACCOUNT.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', ACCOUNT.secretAccessKey);
  server = await startScriptedModelServer();
  bedrock = await startBedrock(ACCOUNT);
  bedrock.upstream = server.url;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  const violations = server.violations();
  await Promise.all([server.close(), bedrock.close()]);
  expect(violations).toEqual([]);
});

it('goes on at Bedrock in the middle of a tool loop, with what Claude thought, and comes back', async () => {
  const each = { apiKey: 'key', timeoutSeconds: 30, stallSeconds: 10 };
  const connections: Record<string, ProviderConnection> = {
    ...vendorConnections({ ...each, baseUrl: server.url }),
    aws: {
      ...each,
      protocol: 'bedrock',
      apiKey: null,
      baseUrl: bedrock.url,
      cloud: { at: 'bedrock', region: ACCOUNT.region, profile: null },
    },
  };
  const places = {
    anthropic: { protocol: 'anthropic' as const, base_url: server.url },
    aws: { protocol: 'bedrock' as const, base_url: bedrock.url },
  };
  const settings = [
    { id: 'claude-opus-5-5', provider: 'anthropic', fallback: ['on-aws'] },
    { id: 'on-aws', provider: 'aws', vendor_model: 'claude-opus-5-5' },
  ].flatMap((setting) => throughConnection(setting, places) ?? []);
  const catalog = createModelCatalog({ settings, usable: ['anthropic', 'aws'], connections: places });
  const providers = createModelProviders({ connections });
  const [home, cloud] = ['claude-opus-5-5', 'on-aws'].map((id) => {
    const entry = catalog.resolve(id);
    if (entry === null) throw new Error(`no model ${id}`);
    return providers.for(entry);
  });
  if (home === undefined || cloud === undefined) throw new Error('no adapters');

  const call = (thinking: string) => ({
    blocks: [
      { type: 'thinking' as const, text: thinking },
      { type: 'tool_use' as const, name: 'bash', input: { command: 'ls' } },
    ],
  });
  const messages: TranscriptMessage[] = [userSays('go')];
  const request = () => ({
    ...makeRequest({ model: 'claude-opus-5-5' } as ContractSubject),
    messages: [...messages],
  });
  const step = async (provider: typeof home, thinking: string) => {
    server.push(call(thinking));
    const answer = asMessage((await collect(provider, request())).response);
    messages.push(answer, answerTo(answer));
  };
  await step(home, 'first');
  server.push({ fault: { kind: 'status', status: 529 } });
  expect((await failureOf(collect(home, request()))).code).toBe('model_overloaded');
  await step(cloud, 'second');
  await step(home, 'third');
  server.push({ blocks: [{ type: 'text', text: 'done' }] });
  await collect(cloud, request());

  const last = JSON.stringify(JSON.parse(bedrock.requests.at(-1)?.body ?? ''));
  for (const thought of ['first', 'second', 'third']) expect(last).toContain(`"thinking":"${thought}"`);
  expect(bedrock.requests).toHaveLength(2);
});

it('lists the models of several connections, and knows others by their connection', () => {
  const places = {
    aws: { protocol: 'bedrock' as const, base_url: null },
    gcp: { protocol: 'vertex' as const, base_url: null },
  };
  const settings = [
    { id: 'opus', provider: 'aws', vendor_model: 'us.anthropic.claude-opus-5-5-v1:0' },
    { id: 'flash', provider: 'gcp', vendor_model: 'gemini-4-argon' },
  ].flatMap((setting) => throughConnection(setting, places) ?? []);
  const catalog = createModelCatalog({ settings, usable: ['aws', 'gcp'], connections: places });
  expect(catalog.list().map(({ id, connectionName }) => [id, connectionName])).toEqual([
    ['opus', 'aws'],
    ['flash', 'gcp'],
    ['demo', undefined],
  ]);
  expect(catalog.resolve('gcp/meta/llama-4-maverick')).toMatchObject({
    provider: 'openai',
    connectionName: 'gcp',
  });
  expect(catalog.resolve('claude-opus-5-5')).toBeNull();
});
