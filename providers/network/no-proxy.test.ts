import { describe, expect, it } from 'vitest';

import { createNoProxy, isNear } from './no-proxy.ts';

describe('NO_PROXY', () => {
  it.each<[entries: string, host: string, port: number, isExcepted: boolean]>([
    ['*', 'api.example.com', 443, true],
    ['corp.example', 'corp.example', 443, true],
    ['corp.example', 'git.corp.example', 443, true],
    ['corp.example', 'notcorp.example', 443, false],
    ['corp.example', 'corp.example.evil.test', 443, false],
    ['.corp.example', 'git.corp.example', 443, true],
    ['.corp.example', 'corp.example', 443, true],
    ['.corp.example', 'notcorp.example', 443, false],
    ['*.corp.example', 'git.corp.example', 443, true],
    ['*.corp.example', 'a.git.corp.example', 443, true],
    ['*.corp.example', 'corp.example', 443, false],
    ['CORP.Example', 'Git.Corp.EXAMPLE.', 443, true],
    ['corp.example.', 'git.corp.example', 443, true],
    ['corp.example:8443', 'corp.example', 8443, true],
    ['corp.example:8443', 'corp.example', 443, false],
    ['.corp.example:8443', 'git.corp.example', 8443, true],
    ['*:8443', 'anything.test', 8443, true],
    ['*:8443', 'anything.test', 443, false],
    ['10.0.0.0/8', '10.1.2.3', 443, true],
    ['10.0.0.0/8', '11.1.2.3', 443, false],
    ['10.0.0.0/8', 'ten.example', 443, false],
    ['10.0.0.0/8:8080', '10.1.2.3', 8080, true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', 443, true],
    ['192.168.1.1', '192.168.1.1', 443, true],
    ['192.168.1.1', '192.168.1.10', 443, false],
    ['192.168.1.1:80', '192.168.1.1', 443, false],
    ['192.168.*', '192.168.7.7', 443, true],
    ['192.168.*', '192.169.7.7', 443, false],
    ['1.1.1.1', '1.1.1.1.evil.test', 443, false],
    ['1.1.1.1', 'x.1.1.1.1', 443, false],
    ['fd00::1', 'fd00::1', 443, true],
    ['FD00:0::1', 'fd00::1', 443, true],
    ['[fd00::1]', 'fd00::1', 443, true],
    ['[fd00::1]:8080', 'fd00::1', 8080, true],
    ['[fd00::1]:8080', 'fd00::1', 443, false],
    ['fd00::/8', '[fd12::9]', 443, true],
    ['fd00::/8', '2001:db8::1', 443, false],
    ['<local>', 'intranet', 443, true],
    ['<local>', 'intranet.example', 443, false],
    ['a.test, b.test ,c.test', 'b.test', 443, true],
    ['a.test b.test', 'b.test', 443, true],
    [' , ,', 'b.test', 443, false],
    ['', 'b.test', 443, false],
    ['.', 'b.test', 443, false],
    ['https://corp.example/', 'corp.example', 443, true],
    ['gitlab-*.corp.example', 'gitlab-7.corp.example', 443, true],
    ['10.0.0.0/99', '10.1.2.3', 443, false],
    ['a.b', 'axb', 443, false],
  ])('%j for %s:%d: %s', (entries, host, port, isExcepted) => {
    expect(createNoProxy([entries])({ host, port })).toBe(isExcepted);
  });

  it.each([
    ['localhost', true],
    ['db.localhost', true],
    ['127.9.9.9', true],
    ['[::1]', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', true],
    ['169.254.169.254', true],
    ['fe80::1%eth0', true],
    ['localhost.example', false],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
  ])('is not needed for what is near: %s: %s', (host, near) => {
    expect(isNear(host)).toBe(near);
  });
});
