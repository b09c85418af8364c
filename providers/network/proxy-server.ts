/** An HTTP proxy. */
export interface ProxyServer {
  /** TLS to the proxy itself. */
  isTls: boolean;
  /** Without brackets. */
  host: string;
  port: number;
  /** The value of `Proxy-Authorization`; null: it asks for none. */
  authorization: string | null;
}

/**
 * Reads a proxy's URL: `http://` or `https://`, with or without `user:password@`. Returns a sentence on what is wrong, which repeats
 * nothing of the URL, since there may be a password in it.
 */
export function parseProxyServer(text: string): ProxyServer | { problem: string } {
  const expected = 'expected the URL of an HTTP proxy, such as http://proxy.example.com:3128';
  const url = URL.parse(text.trim());
  if (url === null) return { problem: expected };
  if (url.protocol.startsWith('socks')) {
    return { problem: `${expected}; a SOCKS proxy is not supported, most have a port for HTTP as well` };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { problem: expected };
  const isTls = url.protocol === 'https:';
  try {
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    const isNamed = user !== '' || password !== '';
    return {
      isTls,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      authorization: isNamed ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` : null,
    };
  } catch {
    return { problem: `${expected}; its user or password has a % that is not written as %25` };
  }
}

/** As logs and errors name it: without credentials. */
export function proxyName({ host, port }: Pick<ProxyServer, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
