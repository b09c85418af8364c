import { expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { trustedProxies } from './trusted-proxies.ts';

it('believes the proxies that the settings name now', () => {
  const config = loadConfig({ env: {}, part: 'api' });
  config.api.trusted_proxies = ['10.0.0.1'];
  const proxies = trustedProxies(config);
  const believed = () => ['10.0.0.1', '10.1.2.3'].filter((address) => proxies.has(address));
  expect(believed()).toEqual(['10.0.0.1']);
  config.api.trusted_proxies = ['10.1.0.0/16'];
  expect(believed()).toEqual(['10.1.2.3']);
});
