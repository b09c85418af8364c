import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, type Config, type Part } from '../config.ts';
import { followSettings } from './changeable.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'changeable-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, 'config.yaml');
const keyFile = path.join(folder, 'key');

function read(settings: object, part: Part = 'api'): Config {
  writeFileSync(file, JSON.stringify(settings));
  return loadConfig({ file, env: {}, part });
}
const sha256 = 'a'.repeat(64);

describe('settings of a running process', () => {
  it('are taken on where they may change, and the others named', () => {
    writeFileSync(keyFile, 'first');
    const providers = { anthropic: { api_key_file: keyFile } };
    const config = read({ auth: { keys: [{ id: 'a', key_file: keyFile }] }, providers });
    const { keys } = config.auth;
    const follow = followSettings(config);
    expect(follow(read({ auth: { keys: [{ id: 'a', key_file: keyFile }] }, providers }))).toEqual({
      taken: [],
      waiting: [],
    });
    writeFileSync(keyFile, 'second');
    const changed = {
      auth: { keys: [{ id: 'a', key_file: keyFile }], sign_in_hours: 3 },
      rate_limits: { reads_per_minute: 7, anonymous_connections: 9 },
      log: { level: 'debug' },
      api: { port: 1234 },
      providers,
    };
    expect(follow(read(changed))).toEqual({
      taken: ['auth.keys', 'log.level', 'rate_limits.reads_per_minute'],
      waiting: ['api.port', 'auth.sign_in_hours', 'rate_limits.anonymous_connections'],
    });
    expect(config.auth.keys).not.toEqual(keys);
    expect(config).toMatchObject({
      api: { port: 8080 },
      rate_limits: { reads_per_minute: 7, anonymous_connections: 256 },
      log: { level: 'debug' },
    });
    // What waits is named for as long as it differs from the start.
    expect(follow(read(changed))).toMatchObject({
      taken: [],
      waiting: [expect.any(String), expect.any(String), expect.any(String)],
    });
    const { api: _, ...rest } = changed;
    expect(follow(read(rest)).waiting).not.toContain('api.port');
  });

  it('are those that the part has a use for: a worker asks nobody for a key, and follows those of providers', () => {
    writeFileSync(keyFile, 'first');
    const settings = {
      auth: { keys: [{ id: 'a', key_file: path.join(folder, 'none') }] },
      api: { host: '0.0.0.0' },
      providers: { anthropic: { api_key_file: keyFile } },
      web_search: { provider: 'brave', api_key_file: keyFile },
      temporal: { api_key_file: keyFile },
    };
    const config = read(settings, 'worker');
    writeFileSync(keyFile, 'second');
    expect(followSettings(config)(read(settings, 'worker'))).toEqual({
      taken: ['temporal.api_key', 'providers.anthropic.api_key', 'web_search.api_key'],
      waiting: [],
    });
    expect(config.providers.anthropic.api_key).toBe('second');
  });

  it('are proxies, and the keys of S3 and AIO', () => {
    writeFileSync(keyFile, 'first');
    const settings = (id: string, proxy: string) => ({
      auth: { keys: [{ id: 'a', sha256 }] },
      api: { trusted_proxies: [proxy] },
      blobs: { kind: 's3', s3_bucket: 'b', s3_access_key_id: id, s3_secret_access_key_file: keyFile },
      sandbox: { driver: 'aio', aio_pool: ['http://aio'], aio_api_key_file: keyFile },
    });
    const api = read(settings('one', '10.0.0.1'));
    const worker = read(settings('one', '10.0.0.1'), 'worker');
    const [followApi, followWorker] = [followSettings(api), followSettings(worker)];
    writeFileSync(keyFile, 'second');
    const blobs = ['blobs.s3_access_key_id', 'blobs.s3_secret_access_key'];
    expect(followApi(read(settings('two', '10.0.0.2')))).toEqual({
      taken: ['api.trusted_proxies', ...blobs],
      waiting: [],
    });
    expect(api.api.trusted_proxies).toEqual(['10.0.0.2']);
    const { taken } = followWorker(read(settings('two', '10.0.0.2'), 'worker'));
    expect(taken).toEqual(expect.arrayContaining([...blobs, 'sandbox.aio_api_key']));
    expect(worker.sandbox.aio_api_key).toBe('second');
  });

  it('stay as they were where those that are taken do not go together with those that wait', () => {
    const beyond = {
      auth: { keys: [{ id: 'a', sha256 }] },
      api: { host: '0.0.0.0' },
      log: { level: 'info' },
    };
    const config = read(beyond);
    const follow = followSettings(config);
    // On its own this is a valid file; the process would go on listening to everybody.
    expect(() => follow(read({ log: { level: 'debug' } }))).toThrow(/auth\.keys: .*without keys.*Restart/);
    expect(config).toMatchObject({ auth: { keys: [{ id: 'a' }] }, log: { level: 'info' } });
    const local = read({});
    expect(() => followSettings(local)(read({ auth: { keys: [{ id: 'a', sha256 }] } }))).toThrow(
      /auth\.keys: .*Restart/,
    );
    expect(local.auth.keys).toEqual([]);
  });
});
