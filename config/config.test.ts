import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { configFileOf, loadConfig, readHostEnvironment, type Environment, type Part } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { variableOf } from './environment.ts';
import { renderExample } from './render-example.ts';
import { Settings } from './schema.ts';
import { listSettings } from './setting-list.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const empty = write('empty.yaml', '');

function load(env: Environment, file = empty, part: Part = 'worker') {
  return loadConfig({ file, env, part });
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('bad_config');
    return (error as AppError).message;
  }
  throw new Error('expected the settings to be refused');
}

describe('settings', () => {
  it('have defaults for everything', () => {
    const config = load({});
    expect(config.api).toMatchObject({ port: 8080, host: '127.0.0.1' });
    expect(config.temporal).toMatchObject({ port: 0, ui_port: 0, namespace: 'default' });
    expect(config.data_dir).toBe(path.resolve('data'));
  });

  it('come from the file, and from the environment before the file', () => {
    const file = write('both.yaml', 'api:\n  port: 1234\n  host: 127.0.0.2\n');
    const config = load({ MANAGED_AGENT_API_PORT: '4321' }, file);
    expect(config.api).toMatchObject({ port: 4321, host: '127.0.0.2' });
  });

  it('are named by variables made from their path', () => {
    expect(variableOf(['data_dir'])).toBe('MANAGED_AGENT_DATA_DIR');
    const config = load({
      MANAGED_AGENT_DATA_DIR: '/x',
      MANAGED_AGENT_TEMPORAL_ADDRESS: 'a:1',
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: 'https://proxy.example/v1',
      MANAGED_AGENT_MODELS: '[{"id":"m","provider":"demo"}]',
      MANAGED_AGENT_TELEMETRY_METRICS: 'false',
      MANAGED_AGENT_STORE_URL: '',
    });
    expect(config).toMatchObject({
      data_dir: '/x',
      temporal: { address: 'a:1' },
      providers: { anthropic: { base_url: 'https://proxy.example/v1' } },
      models: [{ id: 'm', provider: 'demo' }],
      telemetry: { metrics: false },
      store: { url: null },
    });
  });

  it('have variables that no two share', () => {
    const variables = listSettings().map((setting) => variableOf(setting.path));
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('may be an empty section of the file', () => {
    expect(load({}, write('section.yaml', 'api:\n  # port: 1\n')).api.port).toBe(8080);
  });

  it.each([
    ['an unknown name in the file', 'apii:\n  port: 1\n', {}, /^ {2}apii: no such setting/m],
    ['an unknown name inside a section', 'api:\n  prot: 1\n', {}, /^ {2}api\.prot: no such setting/m],
    ['a wrong type', 'api:\n  port: many\n', {}, /^ {2}api\.port: .*expected number.*got "many"/m],
    ['an unknown variable', '', { MANAGED_AGENT_API_PROT: '1' }, /MANAGED_AGENT_API_PROT names no setting/],
    [
      'a variable of a wrong type',
      '',
      { MANAGED_AGENT_API_PORT: 'x' },
      /api\.port .*expected a number, got "x"/,
    ],
    [
      'days that are no time any more',
      'retention:\n  audit_days: 99999999999\n  temporal_days: 40000\n',
      {},
      /retention\.temporal_days: Too big[^]*retention\.audit_days: Too big/,
    ],
    ['a list that is not JSON', '', { MANAGED_AGENT_MODELS: 'x' }, /models .*expected JSON/],
    [
      'a proxy that is everybody',
      '',
      { MANAGED_AGENT_API_TRUSTED_PROXIES: '["10.0.0.1", "0.0.0.0/0"]' },
      /api\.trusted_proxies.*would believe every client, got "0\.0\.0\.0\/0"/,
    ],
    [
      'a proxy that is everybody in another spelling',
      '',
      { MANAGED_AGENT_API_TRUSTED_PROXIES: '["::FFFF:10.0.0.0/96"]' },
      /api\.trusted_proxies.*would believe every client/,
    ],
    [
      'a proxy by its name',
      '',
      { MANAGED_AGENT_API_TRUSTED_PROXIES: '["proxy"]' },
      /api\.trusted_proxies\.0: expected an address, or a network/,
    ],
    [
      'a collector that is not reached by HTTP, without its password',
      '',
      { MANAGED_AGENT_TELEMETRY_OTLP_ENDPOINT: 'grpc://u:topsecret@h:4317' },
      /otlp_endpoint: expected an http or https URL.*grpc:\/\/u:\[redacted\]@h:4317/,
    ],
    [
      'what is no JSON, without the key in it',
      '',
      { MANAGED_AGENT_MODELS: '[{"api_key": "topsecret" oops' },
      /models .*expected JSON, got "\[\{"api_key": "\[redacted\]" oops/,
    ],
    ['text that is not YAML', 'a: [', {}, /cannot be read/],
    ['a list at the top', '- a', {}, /expected settings by name/],
  ] as [string, string, Environment, RegExp][])('refuse %s, naming it', (_, text, env, message) => {
    expect(refusal(() => load(env, write('refused.yaml', text)))).toMatch(message);
  });

  it('refuse a missing file', () => {
    expect(refusal(() => load({}, path.join(folder, 'none.yaml')))).toMatch(/none\.yaml cannot be read/);
  });

  it('do not repeat a secret in an error', () => {
    const message = refusal(() =>
      load({ MANAGED_AGENT_PROVIDERS: 'x', MANAGED_AGENT_TEMPORAL_API_KEY: 's3cret' }),
    );
    expect(message).not.toContain('s3cret');
    const file = write('secret.yaml', 'providers:\n  anthropic:\n    api_key: [s3cret]\n');
    expect(refusal(() => load({}, file))).not.toContain('s3cret');
  });
});

describe('rules between settings', () => {
  it('keep a service without keys on loopback', () => {
    expect(refusal(() => load({ MANAGED_AGENT_API_HOST: '0.0.0.0' }))).toMatch(/without API keys/);
    const keys = JSON.stringify([{ id: 'a', sha256: 'a'.repeat(64) }]);
    expect(load({ MANAGED_AGENT_API_HOST: '0.0.0.0', MANAGED_AGENT_AUTH_KEYS: keys }).api.host).toBe(
      '0.0.0.0',
    );
  });

  it('keep an unisolated sandbox on loopback even with keys', () => {
    const env = {
      MANAGED_AGENT_API_HOST: '0.0.0.0',
      MANAGED_AGENT_AUTH_KEYS: JSON.stringify([{ id: 'a', sha256: 'a'.repeat(64) }]),
      MANAGED_AGENT_SANDBOX_DRIVER: 'unsafe_local',
    };
    expect(refusal(() => load(env))).toMatch(/unsafe_local/);
  });

  it.each([
    ['API_PUBLIC_URL', 'https://agents.example'],
    ['API_PUBLIC_URL', 'http://192.168.1.20:8080'],
    ['API_PUBLIC_URL', 'http://[fd00::1]:8080'],
    ['API_PUBLIC_URL', 'http://localhost.agents.example'],
    ['API_PUBLIC_URL', 'http://127.0.0.1.nip.io'],
    ['API_HOST', '::'],
    ['API_HOST', 'agents.example'],
    ['API_TRUSTED_PROXIES', '["10.0.0.0/8"]'],
    ['API_TRUSTED_PROXIES', '["127.0.0.1"]'],
  ])('let nobody from elsewhere in without keys, nor to an unisolated sandbox: %s %s', (name, value) => {
    const env = { [`MANAGED_AGENT_${name}`]: value };
    expect(refusal(() => load(env))).toMatch(
      new RegExp(`^${name.toLowerCase().replace('_', '\\.')}: .*auth\\.keys`),
    );
    const keys = { MANAGED_AGENT_AUTH_KEYS: JSON.stringify([{ id: 'a', sha256: 'a'.repeat(64) }]) };
    expect(() => load({ ...env, ...keys })).not.toThrow();
    const unsafe = { ...env, ...keys, MANAGED_AGENT_SANDBOX_DRIVER: 'unsafe_local' };
    expect(refusal(() => load(unsafe))).toMatch(/unsafe_local/);
  });

  it.each(['http://127.0.0.1:9090', 'https://localhost', 'http://[::1]:1/base'])(
    'let a service without keys be known as %s',
    (url) => {
      expect(load({ MANAGED_AGENT_API_PUBLIC_URL: url }).api.public_url).toBe(url);
    },
  );

  it.each([
    { id: 'a', key_file: write('empty-key', ' \n') },
    { id: 'a', sha256: createHash('sha256').digest('hex') },
  ])('refuse a key that is empty, which everybody has: %j', (key) => {
    const env = { MANAGED_AGENT_AUTH_KEYS: JSON.stringify([key]) };
    expect(refusal(() => load(env, empty, 'api'))).toMatch(/auth\.keys\.0.*empty/);
  });

  it('refuse a file of a key that is empty, as a variable', () => {
    const env = { MANAGED_AGENT_PROVIDERS_OPENAI_API_KEY_FILE: write('no-key', '\n') };
    expect(refusal(() => load(env, empty, 'worker'))).toMatch(
      /providers\.openai\.api_key_file: .*no-key is empty/,
    );
    expect(load(env, empty, 'api').providers.openai.api_key).toBeNull();
  });

  it('ask for a container per session where AIO runs the sandboxes, and take its key as it is', () => {
    const aio = { MANAGED_AGENT_SANDBOX_DRIVER: 'aio', MANAGED_AGENT_SANDBOX_AIO_API_KEY: 'a plain key' };
    expect(refusal(() => load(aio))).toMatch(/aio_pool/);
    const shared = { ...aio, MANAGED_AGENT_SANDBOX_AIO_URL: 'http://aio.example' };
    expect(refusal(() => load(shared))).toMatch(/\{session_id\}/);
    const template = { ...aio, MANAGED_AGENT_SANDBOX_AIO_URL: 'http://aio.example/{session_id}' };
    expect(load(template).sandbox.aio_api_key).toBe('a plain key');
    const pool = { ...aio, MANAGED_AGENT_SANDBOX_AIO_POOL: '["http://10.0.0.1:8080"]' };
    expect(load(pool).sandbox.aio_pool).toEqual(['http://10.0.0.1:8080']);
  });

  it.each([
    'http://127.0.0.1:8080',
    'http://localhost:8080/v1',
    'http://[::1]:8080',
    'https://agents.example',
  ])('refuse a provider at %s, which is the service itself', (url) => {
    const env = {
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: url,
      MANAGED_AGENT_API_PUBLIC_URL: 'https://agents.example',
      MANAGED_AGENT_AUTH_KEYS: JSON.stringify([{ id: 'a', sha256: 'a'.repeat(64) }]),
    };
    expect(refusal(() => load(env))).toMatch(/is this service itself/);
  });

  it('let a provider be on another port of this machine', () => {
    const url = 'http://127.0.0.1:11434/v1';
    expect(load({ MANAGED_AGENT_PROVIDERS_OPENAI_BASE_URL: url }).providers.openai.base_url).toBe(url);
  });

  it('never take a base URL from the vendor’s variable', () => {
    expect(load({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:8080' }).providers.anthropic.base_url).toBeNull();
  });

  it('refuse ids that are there twice', () => {
    const models = JSON.stringify([
      { id: 'm', provider: 'demo' },
      { id: 'm', provider: 'demo' },
    ]);
    expect(refusal(() => load({ MANAGED_AGENT_MODELS: models }))).toMatch(/"m" is there twice/);
  });

  it.each([
    [{ id: 'a', like: 'gtp-5' }, /^models\.0\.like: a takes after gtp-5, which is neither/],
    [{ id: 'a', default_effort: 'high' }, /^models\.0\.default_effort: a has no efforts/],
    [{ id: 'a', thinking: 'adaptive' }, /^models\.0\.thinking: the protocol openai has no adaptive thinking/],
    [
      { id: 'a', prices: { periods: [{ input: 1 }] } },
      /^models\.0\.prices\.periods\.0: expected from, until or both/,
    ],
    [{ id: 'a', prices: { periods: [{ from: 'soon' }] } }, /models\.0\.prices\.periods\.0\.from/],
    [{ id: 'a', efforts: ['extreme'] }, /models\.0\.efforts\.0/],
  ])('of a model that cannot be so are refused: %j', (model, message) => {
    const models = JSON.stringify([{ provider: 'openai', base_url: 'http://10.0.0.1/v1', ...model }]);
    expect(refusal(() => load({ MANAGED_AGENT_MODELS: models }))).toMatch(message);
  });

  it('of models that take after each other in a circle are refused with their names', () => {
    const models = JSON.stringify([
      { id: 'a', provider: 'openai', like: 'b' },
      { id: 'b', provider: 'openai', like: 'a' },
    ]);
    expect(refusal(() => load({ MANAGED_AGENT_MODELS: models }))).toMatch(
      /^models\.0\.like: a takes after b takes after a: one of them/,
    );
  });
});

describe('secrets', () => {
  it('come from the vendors’ own variables', () => {
    const { providers } = load({ ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o', GEMINI_API_KEY: 'g' });
    expect([providers.anthropic.api_key, providers.openai.api_key, providers.gemini.api_key]).toEqual([
      'a',
      'o',
      'g',
    ]);
  });

  it('come from files and named variables, which may carry our prefix', () => {
    const key = write('key', 'from-file\n');
    const file = write(
      'keys.yaml',
      `providers: { anthropic: { api_key_file: ${key} } }\nmodels: [{ id: m, provider: openai, api_key_env: MANAGED_AGENT_KEY }]`,
    );
    const config = load({ MANAGED_AGENT_KEY: 'from-env', ANTHROPIC_API_KEY: 'other' }, file);
    expect(config.providers.anthropic.api_key).toBe('from-file');
    expect(config.models[0]).toEqual({ id: 'm', provider: 'openai', has_key: true, api_key: 'from-env' });
  });

  it('of models are known to every part as being there, and their files to those that have the keys', () => {
    const key = write('key', 'from-file\n');
    const file = write(
      'keys.yaml',
      `providers: { openai: { api_key_file: ${key} } }
models:
  - { id: by-file, provider: openai, api_key_file: ${key} }
  - { id: by-value, provider: openai, api_key: k, api_key_file: ${key} }
  - { id: without, provider: openai }`,
    );
    const worker = load({}, file);
    expect(worker.providers.openai).toMatchObject({ api_key: 'from-file', api_key_file: key });
    expect(worker.models).toEqual([
      { id: 'by-file', provider: 'openai', has_key: true, api_key: 'from-file', api_key_file: key },
      { id: 'by-value', provider: 'openai', has_key: true, api_key: 'k' },
      { id: 'without', provider: 'openai' },
    ]);
    const api = loadConfig({ file, env: {}, part: 'api' });
    expect(api.providers.openai).toMatchObject({ api_key: null, api_key_file: null });
    expect(api.models).toEqual([
      { id: 'by-file', provider: 'openai', has_key: true },
      { id: 'by-value', provider: 'openai', has_key: true },
      { id: 'without', provider: 'openai' },
    ]);
  });

  it('of providers stay out of the api and of workers that only run tools', () => {
    const env = { ANTHROPIC_API_KEY: 'a' };
    expect(loadConfig({ file: empty, env, part: 'api' }).providers.anthropic.api_key).toBeNull();
    expect(load({ ...env, MANAGED_AGENT_WORKER_ROLE: 'hands' }).providers.anthropic.api_key).toBeNull();
    expect(load(env).providers.anthropic.api_key).toBe('a');
  });

  it('for the API are kept as hashes', () => {
    const file = write('auth.yaml', 'auth: { keys: [{ id: a, key_env: KEY }] }');
    expect(load({ KEY: 'abc' }, file, 'api').auth.keys).toEqual([
      {
        id: 'a',
        workspace: 'default',
        operator: false,
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ]);
    expect(refusal(() => load({}, file, 'api'))).toMatch(/KEY is not set/);
  });

  it('are read by the parts that use them only, so that one file serves parts that do not have all of them', () => {
    const oneForAll = (
      vendor: string,
      tools: string,
    ): string => `auth: { keys: [{ id: a, key_env: API_KEY }] }
providers: { anthropic: { api_key_file: ${vendor} } }
models: [{ id: ours, provider: openai, api_key_file: ${vendor} }]
web_search: { provider: brave, api_key_file: ${tools} }
sandbox: { aio_api_key_file: ${tools} }`;
    const [key, gone] = [write('there', 'k'), '/nowhere/key'];
    const api = load({ API_KEY: 'abc' }, write('for-api.yaml', oneForAll(gone, gone)), 'api');
    expect(api.auth.keys).toHaveLength(1);
    expect(api.usable_providers).toEqual(['anthropic']);
    const brain = { MANAGED_AGENT_WORKER_ROLE: 'brain' };
    const forBrain = write('for-brain.yaml', oneForAll(key, gone));
    expect(load(brain, forBrain).providers.anthropic.api_key).toBe('k');
    const hands = { MANAGED_AGENT_WORKER_ROLE: 'hands' };
    const forHands = write('for-hands.yaml', oneForAll(gone, key));
    expect(load(hands, forHands).web_search.api_key).toBe('k');
    expect(load({}, forHands, 'command').auth.keys).toEqual([]);
    expect(refusal(() => load(brain, forHands))).toMatch(/providers\.anthropic\.api_key/);
    expect(refusal(() => load(hands, forBrain))).toMatch(/sandbox\.aio_api_key|web_search\.api_key/);
  });

  it('for encryption have 32 bytes', () => {
    const file = write('encryption.yaml', 'encryption: { keys: [{ id: a, key_env: KEY }] }');
    expect(load({ KEY: Buffer.alloc(32, 1).toString('base64') }, file).encryption.keys[0]?.key).toHaveLength(
      32,
    );
    expect(refusal(() => load({ KEY: 'short' }, file))).toMatch(/expected 32 bytes/);
  });
});

describe('config.example.yaml', () => {
  it('lists every setting with its default and meaning (npm run config:example writes it)', () => {
    expect(readFileSync('config.example.yaml', 'utf8')).toBe(renderExample(listSettings()));
    expect(listSettings().filter((setting) => setting.description === '')).toEqual([]);
  });

  it('is itself a valid file that changes nothing', () => {
    expect(Settings.parse(parse(readFileSync('config.example.yaml', 'utf8')))).toEqual(Settings.parse({}));
  });
});

describe('the command line', () => {
  it('names the file', () => {
    expect(configFileOf(['--config', 'a.yaml'])).toEqual({ file: 'a.yaml' });
    expect(configFileOf(['--config=a.yaml'])).toEqual({ file: 'a.yaml' });
    expect(configFileOf([])).toEqual({});
  });

  it('is refused when it says something else', () => {
    expect(refusal(() => configFileOf(['--confg', 'a']))).toMatch(/--confg/);
    expect(refusal(() => configFileOf(['--config']))).toMatch(/expected the path/);
  });
});

describe('the host’s environment', () => {
  it('names proxies by URLs, or the start says what is wrong', () => {
    load({
      HTTPS_PROXY: 'http://user:word@proxy.example.com:3128',
      https_proxy: '',
      HTTP_PROXY: 'https://proxy',
    });
    for (const value of ['proxy:3128', '10.0.0.1:3128', 'socks5://proxy:1080']) {
      expect(refusal(() => load({ HTTPS_PROXY: value }))).toMatch(
        /HTTPS_PROXY: expected the URL of an HTTP proxy/,
      );
    }
  });

  it('names the way out, unless the settings do', () => {
    const both = { https_proxy: 'http://small:1', HTTPS_PROXY: 'http://large:2' };
    expect(load(both).network).toMatchObject({ https_proxy: 'http://small:1', http_proxy: null });
    expect(load({ ALL_PROXY: 'http://all:3', NO_PROXY: '.corp.example, 10.0.0.0/8' }).network).toMatchObject({
      https_proxy: 'http://all:3',
      http_proxy: 'http://all:3',
      no_proxy: ['.corp.example', '10.0.0.0/8'],
    });
    expect(load({ HTTP_PROXY: 'http://plain:4' }).network).toMatchObject({
      https_proxy: 'http://plain:4',
      http_proxy: 'http://plain:4',
    });
    const own = { MANAGED_AGENT_NETWORK_PROXY: 'http://own:5', MANAGED_AGENT_NETWORK_NO_PROXY: '["*.corp"]' };
    expect(load({ ...both, NO_PROXY: 'x', ...own }).network).toMatchObject({
      https_proxy: 'http://own:5',
      http_proxy: 'http://own:5',
      no_proxy: ['*.corp'],
    });
    const none = load({ ...both, MANAGED_AGENT_NETWORK_PROXY: 'none' }).network;
    expect(none).toMatchObject({ https_proxy: null, http_proxy: null });
  });

  it('shows no password of a proxy that it refuses', () => {
    for (const value of [
      'socks5://me:s3cr3t@proxy:1080',
      'http://me:s3cr3t%zz@proxy:3128',
      'me:s3cr3t@proxy',
    ]) {
      const words = refusal(() => load({ MANAGED_AGENT_NETWORK_PROXY: value }));
      expect(words).toMatch(/network\.proxy: expected the URL of an HTTP proxy/);
      expect(words).not.toContain('s3cr3t');
    }
  });

  it('has authorities that can be read, or the start says what is wrong', () => {
    const authorities = (file: string) => () => load({ MANAGED_AGENT_NETWORK_CA_FILE: file });
    expect(refusal(authorities('/nowhere/ca.pem'))).toMatch(
      /network\.ca_file: \/nowhere\/ca\.pem cannot be read: ENOENT/,
    );
    expect(refusal(authorities('/etc/hostname'))).toMatch(
      /network\.ca_file: \/etc\/hostname holds no certificate in PEM/,
    );
    const damaged = path.join(mkdtempSync(path.join(tmpdir(), 'authorities-')), 'ca.pem');
    writeFileSync(damaged, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    expect(refusal(authorities(damaged))).toMatch(/network\.ca_file: .* certificate 1 is damaged/);
  });

  it('names the user’s cache folder', () => {
    expect(readHostEnvironment({ XDG_CACHE_HOME: '/c' }).cacheDir).toBe('/c/managed-agent');
    expect(readHostEnvironment({ HOME: '/h' }).cacheDir).toBe('/h/.cache/managed-agent');
  });
});
