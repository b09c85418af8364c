import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAccess } from './access.ts';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const access = createAccess({
  keys: [
    { id: 'first', workspace: 'red', sha256: sha256('key-one') },
    { id: 'second', workspace: 'blue', sha256: sha256('key-two') },
  ],
  publicUrl: null,
});

describe('access by key', () => {
  it('takes a key as bearer, as x-api-key, or as both when they are the same', () => {
    const caller = { workspaceId: 'blue', keyId: 'second' };
    expect(access.authenticate({ authorization: 'Bearer key-two' })).toEqual(caller);
    expect(access.authenticate({ authorization: 'bearer key-two' })).toEqual(caller);
    expect(access.authenticate({ 'x-api-key': 'key-two' })).toEqual(caller);
    expect(access.authenticate({ 'x-api-key': 'key-two', authorization: 'Bearer key-two' })).toEqual(caller);
  });

  it('refuses everything else with the same words', () => {
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
    const messages = attempts.map((headers) => {
      try {
        access.authenticate(headers);
      } catch (error) {
        expect(error).toMatchObject({ code: 'unauthenticated' });
        return error instanceof Error ? error.message : '';
      }
      throw new Error(`let in by ${JSON.stringify(headers)}`);
    });
    expect(new Set(messages).size).toBe(1);
  });

  it('refuses another workspace than the one of the key', () => {
    const headers = { 'x-api-key': 'key-one' };
    expect(access.authenticate({ ...headers, 'anthropic-workspace-id': 'red' }).workspaceId).toBe('red');
    expect(() => access.authenticate({ ...headers, 'anthropic-workspace-id': 'blue' })).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    );
  });

  it('does not mind from which page a request comes, since a page does not know the key', () => {
    expect(() =>
      access.checkOrigin({ host: 'api.example', origin: 'https://elsewhere.example' }),
    ).not.toThrow();
  });
});

describe('access without keys', () => {
  const open = createAccess({ keys: [], publicUrl: 'https://agents.example/base' });

  it('lets everybody on this machine call, whatever key their client sends', () => {
    expect(open.authenticate({})).toEqual({ workspaceId: 'default', keyId: null });
    expect(open.authenticate({ 'x-api-key': 'anything' })).toEqual({ workspaceId: 'default', keyId: null });
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
