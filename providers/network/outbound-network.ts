import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import {
  createProxyRoute,
  NO_NETWORK_SETTINGS,
  type NetworkSettings,
  type ProxyRoute,
} from './proxy-route.ts';

/** The way out that all clients of this process take. */
export interface OutboundNetwork {
  settings: NetworkSettings;
  route: ProxyRoute;
}

let current: OutboundNetwork = { settings: NO_NETWORK_SETTINGS, route: () => null };
let trusted: readonly string[] | undefined;

/**
 * Sets the way out of this process, before it makes its first client: the proxy that `outboundFetch` and the agents take, and the
 * authorities that TLS trusts, which hold for every client that Node's TLS serves, also those inside of packages.
 */
export function useNetwork(settings: NetworkSettings): void {
  current = { settings, route: createProxyRoute(settings) };
  trusted ??= getCACertificates('default');
  setDefaultCACertificates([...trusted, ...certificatesIn(settings.authorities ?? '')]);
}

/** The way out of this process. */
export function outboundNetwork(): OutboundNetwork {
  return current;
}

/** Every certificate that this process trusts, for programs that take a file of them in the place of their own. */
export function trustedCertificates(): readonly string[] {
  return getCACertificates('default');
}

/** The certificates of a text in PEM, one by one. */
export function certificatesIn(pem: string): string[] {
  return (
    pem.match(
      /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g,
    ) ?? []
  );
}
