import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createRedactor, secretsIn } from './redact.ts';

const run = promisify(execFile);
const LOGGER = fileURLToPath(new URL('logger.ts', import.meta.url));

/** Logs with statements in a process of its own and gives its standard output. */
async function logged(format: 'json' | 'text', statements: string): Promise<string> {
  const script = `
    import { createLogger } from ${JSON.stringify(LOGGER)};
    const log = createLogger({ level: 'info', format: '${format}' }, 'api', ['hunter2 "quoted"']);
    ${statements}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return stdout;
}

describe('the log', () => {
  it('is one JSON object a line, with level, time, part and ids', async () => {
    const out = await logged(
      'json',
      `log.child({ session_id: 'sesn_1' }).info({ request_id: 'req_1' }, 'done');`,
    );
    expect(out.trim().split('\n')).toHaveLength(1);
    const line = JSON.parse(out) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'info',
      part: 'api',
      session_id: 'sesn_1',
      request_id: 'req_1',
      msg: 'done',
      pid: expect.any(Number),
    });
    expect(new Date(String(line['time'])).getTime()).toBeGreaterThan(0);
  });

  it('is for reading when asked', async () => {
    const out = await logged('text', `log.warn({ session_id: 'sesn_1' }, 'slow');`);
    expect(out).toMatch(/WARN.*slow/);
    expect(out).toContain('session_id: "sesn_1"');
    expect(out).not.toContain('{"level"');
  });

  it('shows no secret, whatever it stands in', async () => {
    for (const format of ['json', 'text'] as const) {
      const out = await logged(
        format,
        `
        const error = new Error('refused: Authorization: Bearer abc.def-123456 for postgres://user:pa55word@host/db');
        error.response = { headers: { 'set-cookie': ['session=topsecret1'], a: { b: { c: { 'x-api-key': 'topsecret2' } } } } };
        log.error({ err: error, headers: { authorization: 'Bearer topsecret3' } }, 'with sk-ant-api03-topsecret4 and hunter2 "quoted"');
        log.info({ deep: { deeper: { deepest: { api_key: 'topsecret5', Cookie: 'topsecret6', password: 'say "topsecret7"' } } } }, 'x');`,
      );
      expect(out).not.toMatch(/topsecret|pa55word|abc\.def|hunter2/);
      expect(out).toContain('[redacted]');
      expect(out).toContain('host/db');
    }
  });
});

describe('the redactor', () => {
  it('leaves lines valid JSON and other fields as they are', () => {
    const value = {
      token: 'a"b\\',
      tokens: 12,
      input_tokens: 7,
      key: 'kept',
      list: { 'set-cookie': ['a', 'b'] },
      text: 'say "token": no',
    };
    expect(JSON.parse(createRedactor([])(JSON.stringify(value)))).toEqual({
      ...value,
      token: '[redacted]',
      list: { 'set-cookie': '[redacted]' },
    });
  });

  it.each([
    ['a text within a text', { msg: JSON.stringify({ api_key: 'top"secret\\', n: 1 }) }],
    [
      'one within that',
      { msg: JSON.stringify([JSON.stringify({ a: { password: 'top"secret', b: '\\' } })]) },
    ],
    ['one that is cut off', { msg: JSON.stringify({ api_key: 'topsecret' }).slice(0, 18) }],
    [
      'names in other spellings',
      { accessToken: 'topsecret', 'x-amz-security-token': 'topsecret', privateKey: 'topsecret' },
    ],
    ['a presigned URL', { url: 'https://h/k?X-Amz-Credential=topsecret&X-Amz-Signature=topsecret&a=1' }],
    ['other URLs', { msg: '(https://h/?key=topsecret) https://h/?x=1&access_token=topsecret&y=2' }],
    ['a token for a user', { url: 'https://topsecrettopsecrettopsecret@github.com/x' }],
    ['a password with its signs', { url: 'postgres://u:top@secret@h/db' }],
    ['headers as text', { msg: 'x-api-key: topsecret\r\nAuthorization: Token topsecret\r\n' }],
    ['a command', { msg: 'PGPASSWORD=topsecret psql host=h' }],
    [
      'keys of vendors',
      { msg: 'ghp_topsecrettopsecrettopsecret, eyJtopsecrettop.eyJtopsecrettop.top, ASIATOPSECRETTOPSECRET' },
    ],
    ['a key in a file', { msg: '-----BEGIN RSA PRIVATE KEY-----\ntopsecret\n-----END RSA PRIVATE KEY-----' }],
    ['such a key within a text', { msg: JSON.stringify({ a: '-----BEGIN PRIVATE KEY-----\ntopsecret' }) }],
    ['a known secret within a text', { msg: JSON.stringify({ a: 'my"topsecret' }) }],
    ['a known secret in a URL', { msg: `https://h/${encodeURIComponent('my"topsecret')}` }],
  ])('takes secrets out of %s, and leaves valid JSON', (_what, value) => {
    const line = createRedactor(['my"topsecret'])(JSON.stringify(value));
    expect(line).not.toMatch(/top|secret(?!")/i);
    expect(line).toContain('[redacted]');
    expect(Object.keys(JSON.parse(line) as object)).toEqual(Object.keys(value));
  });

  it('takes long lines in linear time', () => {
    const line = JSON.stringify({ text: 'a:'.repeat(200_000), authorization: 'x'.repeat(200_000) });
    expect(createRedactor(['nothing'])(line)).not.toContain('xxx');
    expect(createRedactor([])('"token":['.repeat(20_000))).toContain('"token":[');
    for (const text of ['a'.repeat(200_000), '://'.repeat(100_000), `://${'b'.repeat(200_000)}:`]) {
      const innocent = JSON.stringify({ text });
      expect(createRedactor([])(innocent)).toBe(innocent);
    }
  });

  it('finds the secrets among settings', () => {
    const found = secretsIn({
      store: { url: 'postgres://user:p%40ss@host/db' },
      providers: { anthropic: { api_key: 'sk-1', api_key_env: 'NAME', base_url: 'https://example.com' } },
      models: [{ id: 'm', api_key: 'sk-2' }],
      blobs: { s3_secret_access_key: 's3' },
      nothing: null,
    });
    expect(found.sort()).toEqual(['p%40ss', 'p@ss', 's3', 'sk-1', 'sk-2']);
  });
});
