import type { Config } from '../config.ts';
import { useNetwork } from '../providers/network/outbound-network.ts';
import type { NetworkSettings } from '../providers/network/proxy-route.ts';

/** The way out that the settings describe. */
export function networkSettings({ network }: Pick<Config, 'network'>): NetworkSettings {
  return {
    httpsProxy: network.https_proxy,
    httpProxy: network.http_proxy,
    noProxy: network.no_proxy,
    proxyResolves: network.proxy_resolves,
    authorities: network.authorities,
  };
}

/** Makes all clients of this process take that way. Call it before any is made. */
export function openNetwork(config: Pick<Config, 'network'>): void {
  useNetwork(networkSettings(config));
}
