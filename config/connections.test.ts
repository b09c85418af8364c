import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type Part } from '../config.ts';
import { secretsIn } from '../providers/telemetry/redact.ts';
import { followSettings } from './changeable.ts';

function load(yaml: string, env: Record<string, string> = {}, part: Part = 'worker') {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'managed-agent-connections-')), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ file, env, part });
}

const TWO = `
providers:
  openai: { api_key: vendor }
  groq: { protocol: openai, base_url: https://api.groq.com/openai/v1, api_key_env: GROQ_KEY, import_models: true }
  team-2: { protocol: anthropic, api_key_env: TEAM_KEY, extra_headers: { x-team: blue } }
models:
  - { id: fast, provider: groq, vendor_model: llama-3.3-70b-versatile }
`;
const KEYS = { GROQ_KEY: 'gsk-1', TEAM_KEY: 'sk-2' };

describe('connections', () => {
  it('are any number, besides those of the vendors', () => {
    const { providers, usable_providers: usable } = load(TWO, KEYS);
    expect(providers['groq']).toMatchObject({ protocol: 'openai', api_key: 'gsk-1', import_models: true });
    expect(providers['team-2']).toMatchObject({ protocol: 'anthropic', api_key: 'sk-2', base_url: null });
    expect(providers.openai).toMatchObject({ protocol: 'openai', api_key: 'vendor' });
    expect(new Set(usable)).toEqual(new Set(['openai', 'groq', 'team-2']));
  });

  it('may be a list', () => {
    const { providers } = load(`
providers:
  - { name: groq, protocol: openai, base_url: 'http://127.0.0.1:1/v1' }
  - { name: anthropic, api_key: a }
`);
    expect(providers['groq']).toMatchObject({ protocol: 'openai', base_url: 'http://127.0.0.1:1/v1' });
    expect(providers.anthropic.api_key).toBe('a');
  });

  it('may be in the environment, over those of the file, and under what it says of a single setting', () => {
    const given = {
      groq: { protocol: 'openai', base_url: 'http://127.0.0.1:1/v1', api_key_env: 'MANAGED_AGENT_OWN' },
      openai: { api_key: 'o', timeout_seconds: 5 },
    };
    const { providers, usable_providers: usable } = load(TWO, {
      ...KEYS,
      MANAGED_AGENT_OWN: 'own',
      MANAGED_AGENT_PROVIDERS: JSON.stringify(given),
      MANAGED_AGENT_PROVIDERS_OPENAI_TIMEOUT_SECONDS: '7',
    });
    expect(providers['groq']).toMatchObject({ base_url: 'http://127.0.0.1:1/v1', api_key: 'own' });
    expect(providers['team-2']).toMatchObject({ api_key: 'sk-2' });
    expect(providers.openai).toMatchObject({ api_key: 'o', timeout_seconds: 7 });
    expect(usable).toContain('groq');
    const list = JSON.stringify([{ name: 'far', protocol: 'gemini', api_key: 'k' }]);
    expect(load('', { MANAGED_AGENT_PROVIDERS: list }).providers['far']).toMatchObject({ api_key: 'k' });
    expect(load(TWO, { ...KEYS, MANAGED_AGENT_PROVIDERS: '' }).providers['groq']).toBeDefined();
  });

  it.each([
    ['groq', /providers \(from MANAGED_AGENT_PROVIDERS\): expected JSON, got "groq"/],
    ['5', /expected a map or a list, as JSON/],
    ['[{"protocol":"openai"}]', /MANAGED_AGENT_PROVIDERS: providers\.0\.name/],
    ['{"x":{"protocol":"openai","token":"topsecret"}}', /providers\.x\.token: no such setting/],
    [
      '{"x":{"protocol":"openai","api_key":"topsecret","timeout_seconds":"1"}}',
      /from MANAGED_AGENT_PROVIDERS/,
    ],
    ['{"x":{"protocol":"openai","api_key":"topsecret"', /expected JSON/],
  ])('of the environment are refused, without their keys: %s', (MANAGED_AGENT_PROVIDERS, words) => {
    const refused = () => load('', { MANAGED_AGENT_PROVIDERS });
    expect(refused).toThrow(words);
    expect(refused).not.toThrow('topsecret');
  });

  it('have their keys in brains only, and are known to be usable elsewhere', () => {
    const api = load(TWO, {}, 'api');
    expect(api.providers['groq']?.api_key).toBeNull();
    expect(api.usable_providers).toContain('team-2');
    expect(() => load(TWO)).toThrow('GROQ_KEY is not set');
  });

  it.each([
    [
      'providers: { antropic: { api_key: k } }',
      'providers.antropic.protocol: Only anthropic, openai, gemini',
    ],
    ['providers: { x: { protocol: grpc } }', 'expected protocol to be one of anthropic'],
    ['providers: { x: { protocol: openai, token: k } }', 'providers.x.token: no such setting'],
    [
      'providers: [{ name: x, protocol: openai, key: k }]',
      'providers.x.key: no such setting; is api_key meant?',
    ],
    ['providers: { gemini: { headers: { a: b } } }', 'headers: no such setting; is extra_headers meant?'],
    ['providers: { openai: { protocol: anthropic } }', 'providers.openai.protocol: Expected openai'],
    ['providers: { demo: { protocol: openai, api_key: k } }', 'the demo model’s'],
    ['providers: { "a/b": { protocol: openai, api_key: k } }', 'expected a name of at most 63'],
    ['providers: { x: { protocol: openai } }', 'providers.x: expected a key'],
    ['providers: [{ protocol: openai }]', 'providers.0.name: expected the name'],
    ['providers: [{ name: a, protocol: openai }, { name: a, protocol: openai }]', '"a" is there twice'],
    ['models: [{ id: m, provider: nobody }]', 'models.0.provider: expected a connection, one of'],
    ['providers: { x: { protocol: openai, base_url: "http://127.0.0.1:8080" } }', 'is this service itself'],
  ])('refuse %s', (yaml, message) => {
    expect(() => load(yaml, { MANAGED_AGENT_API_PORT: '8080' })).toThrow(message);
  });

  it('take on a new key while the service runs, and wait for a restart with the rest', () => {
    const config = load(TWO, KEYS);
    const follow = followSettings(config);
    const next = load(
      `${TWO}\ndefault_model: fast`.replace(
        'providers:',
        'providers:\n  late: { protocol: gemini, api_key: k }',
      ),
      {
        ...KEYS,
        GROQ_KEY: 'gsk-new',
      },
    );
    expect(follow(next)).toEqual({
      taken: ['default_model', 'providers.groq.api_key'],
      waiting: ['providers.late'],
    });
    expect(config.providers['groq']?.api_key).toBe('gsk-new');
    expect(config.usable_providers).not.toContain('late');
  });

  it('keep the secrets of their headers out of logs', () => {
    const { providers } = load(
      'providers: { x: { protocol: openai, base_url: "http://h/v1", extra_headers: { api-key: hidden-1, Authorization: Bearer hidden-2 } } }',
    );
    expect(secretsIn(providers)).toEqual(expect.arrayContaining(['hidden-1', 'hidden-2']));
  });
});

describe('connections to clouds', () => {
  const CLOUDS = `
providers:
  aws: { protocol: bedrock }
  gcp: { protocol: vertex, project: p, location: global }
  work: { protocol: azure, base_url: 'https://r.openai.azure.com' }
models:
  - { id: opus, provider: aws, vendor_model: 'eu.anthropic.claude-opus-5-5-v1:0' }
`;

  it('need no key, and say where they are by their settings or the usual variables', () => {
    const { providers, usable_providers: usable } = load(CLOUDS, { AWS_REGION: 'eu-central-1' });
    expect(providers['aws']).toMatchObject({ region: 'eu-central-1', api_key: null });
    expect(providers['gcp']).toMatchObject({ project: 'p', location: 'global' });
    expect(usable).toEqual(expect.arrayContaining(['aws', 'gcp', 'work']));
  });

  it('take a key of Bedrock from AWS’s own variable, unless a profile is named', () => {
    const env = { AWS_REGION: 'eu-central-1', AWS_BEARER_TOKEN_BEDROCK: 'bearer' };
    expect(load(CLOUDS, env).providers['aws']?.api_key).toBe('bearer');
    const profiled = CLOUDS.replace('protocol: bedrock', 'protocol: bedrock, profile: prod');
    expect(load(profiled, env).providers['aws']?.api_key).toBeNull();
  });

  it('have to say where they are only where models are asked', () => {
    expect(() => load(CLOUDS)).toThrow('providers.aws.region: expected a region such as eu-central-1');
    expect(load(CLOUDS, {}, 'api').usable_providers).toContain('aws');
  });

  it.each([
    ['aws: { protocol: bedrock, region: Frankfurt }', 'Expected a region such as eu-central-1'],
    ['gcp: { protocol: vertex, location: global }', 'providers.gcp.project: expected the id'],
    ['gcp: { protocol: vertex, project: p }', 'providers.gcp.location: expected a location'],
    ['gcp: { protocol: vertex, project: p, location: global, api_key: k }', 'not with an API key'],
    [
      'gcp: { protocol: vertex, project: p, location: global, region: x }',
      'providers.gcp.region: no such setting',
    ],
    ['work: { protocol: azure }', 'providers.work.base_url'],
    [
      'aws: { protocol: bedrock, region: eu-central-1, import_models: true }',
      'import_models: no such setting',
    ],
  ])('are refused where they could not be asked: %s', (given, words) => {
    expect(() => load(`providers: { ${given} }`)).toThrow(words);
  });

  it.each(['base_url: "https://x.example"', 'api_key: k'])(
    'are all that says as whom and where: %s',
    (given) => {
      const yaml = CLOUDS.replace('provider: aws', `provider: aws, ${given}`);
      expect(() => load(yaml, { AWS_REGION: 'eu-central-1' })).toThrow('leads to a cloud (bedrock)');
    },
  );
});
