import { describe, expect, it } from 'vitest';
import { signInCookie, tokenInCookie, withoutOldCookie, withoutSignInCookie } from './sign-in-cookie.ts';

const host = '127.0.0.1:8080';

describe('the cookie of a signed-in browser', () => {
  it('is closed to scripts and to other sites, and ends with the browser', () => {
    const cookie = signInCookie('token', { host }, true);
    expect(cookie).toBe('__Host-managed_agent_sign_in_8080=token; Path=/; HttpOnly; SameSite=Strict; Secure');
    expect(tokenInCookie({ host, cookie: `a=b; ${cookie.split(';')[0]}; c` }, true)).toBe('token');
    expect(signInCookie('', { host }, false)).toMatch(/^managed_agent_sign_in_8080=; .*Max-Age=0$/);
  });

  it('is that of this port only, and over TLS only one that was set over TLS by this host', () => {
    const [cookie = ''] = signInCookie('k', { host }, false).split(';');
    expect(tokenInCookie({ host, cookie }, false)).toBe('k');
    expect(tokenInCookie({ host: '127.0.0.1:9090', cookie }, false)).toBe('');
    expect(tokenInCookie({ host, cookie }, true)).toBe('');
    expect(tokenInCookie({ host }, false)).toBe('');
  });

  it('is taken out for those behind the service, as is one that holds a key', () => {
    expect(withoutSignInCookie('a=1; managed_agent_sign_in_8080=k; b=2=3')).toBe('a=1; b=2=3');
    expect(withoutSignInCookie('managed_agent_key_443=k; __Host-managed_agent_sign_in_443=k')).toBe('');
  });

  it('takes the place of one that holds a key, which is removed', () => {
    const old = { host, cookie: 'managed_agent_key_8080=raw' };
    expect(tokenInCookie(old, false)).toBe('');
    expect(withoutOldCookie(old, false)).toMatch(/^managed_agent_key_8080=; .*Max-Age=0$/);
    expect(withoutOldCookie({ host, cookie: 'managed_agent_key_9090=raw' }, false)).toBeNull();
  });
});
