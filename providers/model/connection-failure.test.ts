import { expect, it } from 'vitest';
import { proxyRefusal } from '../network/proxy-tunnel.ts';
import { connectionFailure } from './connection-failure.ts';

it('says that it was the proxy that refused, and which', () => {
  const refused = proxyRefusal(
    { host: 'proxy.example.com', port: 3128, isTls: false, authorization: null },
    407,
    'api.example:443',
  );
  const failure = connectionFailure(new TypeError('fetch failed', { cause: refused }), 'Anthropic');
  expect(failure?.message).toContain('the HTTP proxy proxy.example.com:3128 answered 407');
});
