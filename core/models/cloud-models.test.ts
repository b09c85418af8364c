import { describe, expect, it } from 'vitest';
import { throughConnection, wireOf } from './connection.ts';
import { createModelCatalog } from './model-catalog.ts';

const CONNECTIONS = {
  aws: { protocol: 'bedrock' as const, base_url: null },
  gcp: { protocol: 'vertex' as const, base_url: null },
  work: { protocol: 'azure' as const, base_url: 'https://r.openai.azure.com' },
};

function entryOf(provider: string, vendor_model: string, like?: string) {
  const setting = throughConnection(
    { id: 'm', provider, vendor_model, ...(like === undefined ? {} : { like }) },
    CONNECTIONS,
  );
  if (setting === null) throw new Error('no connection');
  return createModelCatalog({
    settings: [setting],
    usable: Object.keys(CONNECTIONS),
    connections: CONNECTIONS,
  }).resolve('m');
}

describe('models of clouds', () => {
  it.each([
    ['bedrock', 'eu.anthropic.claude-opus-5-5-v1:0', 'anthropic'],
    ['bedrock', 'amazon.nova-pro-v1:0', 'openai'],
    ['bedrock', 'openai.gpt-oss-120b-1:0', 'openai'],
    ['vertex', 'claude-sonnet-4-5@20250929', 'anthropic'],
    ['vertex', 'gemini-4-argon', 'gemini'],
    ['vertex', 'meta/llama-4-maverick-17b-128e-instruct-maas', 'openai'],
    ['azure', 'claude-opus-5-5', 'anthropic'],
    ['azure', 'prod-7', 'openai'],
  ] as const)('are asked in the form of their vendor: %s %s', (protocol, model, wire) => {
    expect(wireOf(protocol, model)).toBe(wire);
  });

  it('are known by their names there, without what only the vendor has', () => {
    const [there, home] = [
      entryOf('aws', 'eu.anthropic.claude-opus-5-5-v1:0'),
      createModelCatalog({ settings: [], usable: ['anthropic'] }).resolve('claude-opus-5-5'),
    ];
    expect(there).toMatchObject({
      provider: 'anthropic',
      connectionName: 'aws',
      contextWindow: home?.contextWindow,
      thinking: home?.thinking,
      fastMode: false,
      midConversationSystem: false,
    });
    expect(there?.prices?.input).toBeGreaterThan(0);
  });

  it('take their form from the model that they are like, where their name says nothing', () => {
    const profile = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc';
    expect(entryOf('aws', profile, 'claude-opus-5-5')?.provider).toBe('anthropic');
    expect(entryOf('work', 'prod', 'claude-opus-5-5')?.provider).toBe('anthropic');
  });

  it('can be named after their connection, also by who knows the connection only', () => {
    for (const connections of [CONNECTIONS, undefined]) {
      const catalog = createModelCatalog({
        settings: [],
        usable: ['aws'],
        connections: connections ?? { aws: CONNECTIONS.aws },
      });
      const entry = catalog.resolve('aws/eu.anthropic.claude-opus-5-5-v1:0');
      expect(entry).toMatchObject({ provider: 'anthropic', connectionName: 'aws', fastMode: false });
      expect(entry?.vendorModel).toBe('eu.anthropic.claude-opus-5-5-v1:0');
    }
  });
});
