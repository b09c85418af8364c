import { describe, expect, it } from 'vitest';

import { PACKAGE_MANAGER_HOSTS } from './package-hosts.ts';
import { normalHost, refusalOf } from './policy.ts';

describe('normalHost', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['2130706433', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['::FFFF:127.0.0.1', '::ffff:127.0.0.1'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['example。com', 'example.com'],
  ])('spells %s as %s', (host, normal) => {
    expect(normalHost(host)).toBe(normal);
  });
  it.each(['', 'a b', 'a@b', 'a/b', 'a:b', '[::1', 'x'.repeat(300), '\u0000'])(
    'knows no host in %j',
    (host) => {
      expect(normalHost(host)).toBeUndefined();
    },
  );
});

describe('a policy', () => {
  const limited = { mode: 'limited', hosts: ['api.example.com', '*.wild.example'] } as const;

  it('that is limited allows exactly the hosts that it names', () => {
    for (const host of ['api.example.com', 'a.wild.example', 'a.b.wild.example']) {
      expect(refusalOf(limited, host)).toBeUndefined();
    }
    for (const host of [
      'example.com',
      'x.api.example.com',
      'wild.example',
      'evilwild.example',
      'pypi.org',
      '1.1.1.1',
    ]) {
      expect(refusalOf(limited, host)).toContain('allowed_hosts');
    }
  });
  it('has no hidden hosts', () => {
    for (const host of PACKAGE_MANAGER_HOSTS) expect(refusalOf(limited, host)).toContain('allowed_hosts');
    expect(refusalOf({ mode: 'limited', hosts: [] }, 'example.com')).toContain('allowed_hosts');
  });
  it('that is unrestricted refuses names that are not public', () => {
    expect(refusalOf({ mode: 'unrestricted' }, 'example.com')).toBeUndefined();
    for (const host of ['localhost', 'a.localhost', 'printer', 'printer.local', 'metadata.google.internal']) {
      expect(refusalOf({ mode: 'unrestricted' }, host)).toContain('not a public host');
    }
  });
  it('of an environment without network refuses everything', () => {
    expect(refusalOf({ mode: 'none' }, 'example.com')).toContain('no network');
  });
});
