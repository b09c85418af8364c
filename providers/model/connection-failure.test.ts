import { expect, it } from 'vitest';
import { connectionFailure } from './connection-failure.ts';

it('says that it was the proxy that refused', () => {
  const refused = Object.assign(new Error('Proxy response (407) !== 200 when HTTP Tunneling'), {
    code: 'UND_ERR_ABORTED',
  });
  const failure = connectionFailure(new TypeError('fetch failed', { cause: refused }), 'Anthropic');
  expect(failure?.message).toContain('the HTTP proxy answered 407');
});
