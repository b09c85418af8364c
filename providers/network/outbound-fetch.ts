import { Agent, EnvHttpProxyAgent, Pool } from 'undici';
import { isLoopback } from '../../core/is-loopback.ts';

/** What may be set of the connections: how long they wait, how much they take. */
export type ConnectionLimits = Pick<Agent.Options, 'headersTimeout' | 'bodyTimeout' | 'maxResponseSize'>;

/**
 * Node's `fetch` for servers that the operator names or vendors run: by the proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, in
 * capitals or not), except for what `NO_PROXY` names and for this machine itself. What users name (web pages, hosts that sandboxes ask for) does not come here:
 * its addresses are judged by the service, which a proxy would make impossible.
 */
export function outboundFetch(limits: ConnectionLimits = {}): typeof fetch {
  const near = new Agent(limits);
  let far: EnvHttpProxyAgent | undefined;
  return async (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    // Made at the first use: a process that asks nobody outside needs no proxy, not even one that is written well.
    const agent = isLoopback(hostname) ? near : (far ??= proxied(limits));
    // The package's types and those of Node's `fetch` are of different releases; what `fetch` calls is the same in both.
    const dispatcher = agent as object as NonNullable<RequestInit['dispatcher']>;
    return fetch(input, { ...init, dispatcher });
  };
}

function proxied(limits: ConnectionLimits): EnvHttpProxyAgent {
  return new EnvHttpProxyAgent({
    ...limits,
    // Proxies allow tunnels to port 443 and often to no other, so plain HTTP is asked for plainly.
    proxyTunnel: false,
    // On that way the limits would not hold by themselves.
    factory: (origin, options) => new Pool(origin, Object.assign({}, limits, options)),
  });
}
