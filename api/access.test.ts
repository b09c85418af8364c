import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createAccess, type Asking } from './access.ts';
import { createAddressLimiter } from './door/address-limiter.ts';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const access = createAccess({
  keys: [
    { id: 'first', workspace: 'red', sha256: sha256('key-one') },
    { id: 'second', workspace: 'blue', sha256: sha256('key-two') },
  ],
  publicUrl: null,
});

/** A request with these headers. */
const asking = (headers: IncomingHttpHeaders, address = '192.0.2.1'): Asking => ({
  headers,
  ip: address,
  socket: new Socket(),
  secure: false,
});

describe('access by key', () => {
  it('takes a key as bearer, as x-api-key, or as both when they are the same', async () => {
    const caller = { workspaceId: 'blue', keyId: 'second' };
    expect(await access.authenticate(asking({ authorization: 'Bearer key-two' }))).toEqual(caller);
    expect(await access.authenticate(asking({ authorization: 'bearer key-two' }))).toEqual(caller);
    expect(await access.authenticate(asking({ 'x-api-key': 'key-two' }))).toEqual(caller);
    expect(
      await access.authenticate(asking({ 'x-api-key': 'key-two', authorization: 'Bearer key-two' })),
    ).toEqual(caller);
  });

  it('refuses everything else with the same words', async () => {
    const attempts = [
      {},
      { authorization: '' },
      { authorization: 'Bearer ' },
      { authorization: 'Basic a2V5LW9uZQ==' },
      { 'x-api-key': '' },
      { 'x-api-key': 'unknown' },
      { 'x-api-key': sha256('key-one') },
      { 'x-api-key': 'key-one', authorization: 'Bearer key-two' },
      { 'x-api-key': 'key-one', authorization: 'Basic x' },
    ];
    const refused = attempts.map(async (headers) => {
      try {
        await access.authenticate(asking(headers));
      } catch (error) {
        expect(error).toMatchObject({ code: 'unauthenticated' });
        return error instanceof Error ? error.message : '';
      }
      throw new Error(`let in by ${JSON.stringify(headers)}`);
    });
    const messages = await Promise.all(refused);
    expect(new Set(messages).size).toBe(1);
  });

  it('refuses another workspace than the one of the key', async () => {
    const headers = { 'x-api-key': 'key-one' };
    const own = await access.authenticate(asking({ ...headers, 'anthropic-workspace-id': 'red' }));
    expect(own.workspaceId).toBe('red');
    await expect(
      access.authenticate(asking({ ...headers, 'anthropic-workspace-id': 'blue' })),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('does not mind from which page a request comes, since a page does not know the key', () => {
    expect(() =>
      access.checkOrigin({ host: 'api.example', origin: 'https://elsewhere.example' }),
    ).not.toThrow();
  });
});

it('tells over which connections valid keys come', async () => {
  const told: Socket[] = [];
  const guarded = createAccess({
    keys: [{ id: 'k', workspace: 'w', sha256: sha256('key') }],
    publicUrl: null,
    connections: { known: (socket) => told.push(socket) },
  });
  const [wrong, valid] = [asking({ 'x-api-key': 'wrong' }), asking({ 'x-api-key': 'key' })];
  await expect(guarded.authenticate(wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
  await guarded.authenticate(valid);
  expect(told).toEqual([valid.socket]);
});

it('slows down an address that shows wrong keys, and never a valid key at that address', async () => {
  const limited = createAccess({
    keys: [{ id: 'k', workspace: 'w', sha256: sha256('key') }],
    publicUrl: null,
    addresses: createAddressLimiter({ requests: 2, signIns: 1 }, () => 0),
  });
  const codeOf = async (key: string, address: string) =>
    limited.authenticate(asking({ 'x-api-key': key }, address)).then(
      () => 'ok',
      (error: unknown) => (error as { code: string }).code,
    );
  const codes = [];
  for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '2001:db8:1:2::3', '2001:db8:1:3::3']) {
    codes.push(await codeOf('wrong', address));
  }
  expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'rate_limited', 'unauthenticated']);
  expect(await codeOf('key', '2001:db8:1:2::1')).toBe('ok');
});

it('takes nobody who shows no key for the owner of an empty one', async () => {
  const careless = createAccess({ keys: [{ id: 'k', workspace: 'w', sha256: sha256('') }], publicUrl: null });
  await expect(careless.authenticate(asking({}))).rejects.toMatchObject({ code: 'unauthenticated' });
});

describe('access without keys', () => {
  const open = createAccess({ keys: [], publicUrl: 'https://agents.example/base' });

  it('lets everybody on this machine call, whatever key their client sends', async () => {
    expect(await open.authenticate(asking({}))).toEqual({ workspaceId: 'default', keyId: null });
    expect(await open.authenticate(asking({ 'x-api-key': 'anything' }))).toEqual({
      workspaceId: 'default',
      keyId: null,
    });
  });

  it.each([
    { 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1, 2001:db8::1' },
    { 'x-real-ip': '203.0.113.7' },
    { 'cf-connecting-ip': '203.0.113.7' },
    { 'x-forwarded-host': 'agents.example.com' },
    { forwarded: 'host=agents.example.com' },
    { forwarded: 'for=192.0.2.60;proto=http;by=203.0.113.43' },
    { forwarded: 'proto=https; For="[2001:db8:cafe::17]:4711"' },
  ])('serves nobody for whom a proxy on this machine speaks: %j', (headers) => {
    expect(() => open.checkOrigin({ host: 'localhost:8080', ...headers })).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    );
    expect(() => access.checkOrigin({ host: 'localhost:8080', ...headers })).not.toThrow();
  });

  it('serves this machine also through a proxy on it', () => {
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-real-ip': '::1' },
      { 'x-forwarded-host': 'localhost:8080' },
      { forwarded: 'for="[::1]:80"' },
    ]) {
      expect(() => open.checkOrigin({ host: 'localhost:8080', ...headers })).not.toThrow();
    }
  });

  it('knows its public name', () => {
    expect(() => open.checkOrigin({ host: 'agents.example' })).not.toThrow();
    expect(() =>
      open.checkOrigin({ host: 'agents.example', origin: 'https://agents.example' }),
    ).not.toThrow();
    expect(() => open.checkOrigin({ host: 'other.example' })).toThrow();
    expect(() => open.checkOrigin({})).toThrow();
  });
});

describe('keys that are replaced while the service runs', () => {
  const first = { id: 'first', workspace: 'red', sha256: sha256('key-one') };
  const second = { id: 'second', workspace: 'blue', sha256: sha256('key-two') };

  it('count from then on, and end what came with one that is gone or opens something else', async () => {
    let keys = [first, second];
    const changing = createAccess({
      get keys() {
        return keys;
      },
      publicUrl: null,
    });
    const ended: string[] = [];
    const callers = await Promise.all(
      ['key-one', 'key-two'].map((key) => changing.authenticate(asking({ 'x-api-key': key }))),
    );
    const unwatch = callers.map((caller) => changing.watch(caller, () => ended.push(String(caller.keyId))));

    keys = [first, second, { id: 'third', workspace: 'red', sha256: sha256('key-three') }];
    changing.keysChanged();
    expect(ended).toEqual([]);
    await expect(changing.authenticate(asking({ 'x-api-key': 'key-three' }))).resolves.toMatchObject({
      keyId: 'third',
    });

    keys = [first, { ...second, sha256: sha256('key-four') }];
    changing.keysChanged();
    expect(ended).toEqual(['second']);
    await expect(changing.authenticate(asking({ 'x-api-key': 'key-two' }))).rejects.toMatchObject({
      code: 'unauthenticated',
    });

    keys = [{ ...first, workspace: 'green' }];
    changing.keysChanged();
    expect(ended.filter((id) => id === 'first')).toHaveLength(1);
    for (const stop of unwatch) stop();
    keys = [];
    changing.keysChanged();
    expect(ended.filter((id) => id === 'first')).toHaveLength(1);
  });
});
