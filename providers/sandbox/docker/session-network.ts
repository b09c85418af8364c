import { createHash } from 'node:crypto';

import type Docker from 'dockerode';

/** What the network is called, and whose it is. */
interface Named {
  network: string;
  labels: Record<string, string>;
}

/** The addresses of one session's network. */
export interface SessionNetwork {
  subnet: string;
  gate: string;
  sandbox: string;
}

/**
 * Subnets are taken from 198.18.0.0/15, which is set apart from the internet and from private networks. Engines hand out some thirty
 * subnets by themselves, and a session needs six addresses of one. Since neither the engine's host nor anything else has a route to an
 * isolated network, a subnet that is in use elsewhere as well does no harm.
 */
const FIRST = (198 << 24) | (18 << 16);
const SUBNETS = 1 << 14;
/** Between a subnet that is taken and the next to try: it has no factor in common with their number. */
const STRIDE = 4_099;
const ATTEMPTS = 256;

function addressOf(index: number, host: number): string {
  const bits = FIRST + index * 8 + host;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** @param attempt - counts from 0; subnets differ until all were tried. */
export function sessionNetwork(name: string, attempt: number): SessionNetwork {
  const start = createHash('sha256').update(name).digest().readUInt32BE(0);
  const index = (start + attempt * STRIDE) % SUBNETS;
  return { subnet: `${addressOf(index, 0)}/29`, gate: addressOf(index, 2), sandbox: addressOf(index, 3) };
}

/** A network that leads nowhere: it has no gateway, and the engine's host has no address on it. */
function networkOptions(names: Named, { subnet }: SessionNetwork): Docker.NetworkCreateOptions {
  return {
    Name: names.network,
    Driver: 'bridge',
    Internal: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] },
    Options: {
      'com.docker.network.bridge.gateway_mode_ipv4': 'isolated',
      'com.docker.network.bridge.gateway_mode_ipv6': 'isolated',
    },
    Labels: names.labels,
  };
}

/** Makes the session's network on a subnet that the engine has free. Rejects as the engine does. */
export async function createSessionNetwork(engine: Docker, names: Named): Promise<SessionNetwork> {
  for (let attempt = 0; ; attempt++) {
    const network = sessionNetwork(names.network, attempt);
    try {
      await engine.createNetwork(networkOptions(names, network));
      return network;
    } catch (error) {
      const isTaken = error instanceof Error && /overlap/i.test(error.message);
      if (!isTaken || attempt + 1 >= ATTEMPTS) throw error;
    }
  }
}
