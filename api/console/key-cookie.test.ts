import { describe, expect, it } from 'vitest';
import { keyCookie, keyInCookie, withoutKeyCookie } from './key-cookie.ts';

const host = '127.0.0.1:8080';

describe('the cookie of a signed-in browser', () => {
  it('is closed to scripts and to other sites, and ends with the browser', () => {
    const cookie = keyCookie('s3cret;=/ü', { host }, true);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
    expect(cookie).not.toContain('Max-Age');
    expect(keyInCookie({ host, cookie: `a=b; ${cookie.split(';')[0]}; c` })).toBe('s3cret;=/ü');
    expect(keyCookie('', { host }, false)).toMatch(/Max-Age=0$/);
  });

  it('is that of this port only', () => {
    const [cookie = ''] = keyCookie('k', { host }, false).split(';');
    expect(keyInCookie({ host: '127.0.0.1:9090', cookie })).toBe('');
  });

  it('is nothing where it is broken or missing', () => {
    expect(keyInCookie({ host, cookie: 'managed_agent_key_8080=%zz' })).toBe('');
    expect(keyInCookie({ host })).toBe('');
  });

  it('is taken out for those behind the service', () => {
    expect(withoutKeyCookie('a=1; managed_agent_key_8080=k; b=2=3')).toBe('a=1; b=2=3');
    expect(withoutKeyCookie('managed_agent_key_443=k')).toBe('');
  });
});
