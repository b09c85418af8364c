/**
 * The gate of one sandbox, in a container of its own: the only one that shares the sandbox's network. It is the sandbox's proxy to the
 * outside, and the service's way in. It holds no secret but the password of the network's proxy: what passes inwards carries the sandbox's token.
 */
import { connect, createServer, type Socket } from 'node:net';

import { addressSet } from '../../../network/address-set.ts';
import { boundDecisions } from '../../../network/bounded-decisions.ts';
import type { NetworkPolicy } from '../../../network/policy.ts';
import { createPublicHosts } from '../../../network/public-hosts.ts';
import { useNetwork } from '../../../network/outbound-network.ts';
import type { NetworkSettings } from '../../../network/proxy-route.ts';
import { relay } from '../../../network/relay.ts';
import { createSessionProxy } from '../../egress/session-proxy.ts';
import { WAY_OUT_VARIABLE } from './way-out-variable.ts';

/** The first argument, as JSON. */
export interface GateSettings {
  policy: NetworkPolicy;
  /** Private networks that the operator opened. */
  exceptions: string[];
  /** Addresses of the service's own host. */
  hostAddresses: string[];
  /** The network that only the sandbox and its gate are in. */
  inside: string[];
  /** Where the sandbox listens. */
  sandbox: { host: string; port: number };
  proxyPort: number;
  entryPort: number;
}

/** The gate goes when its sandbox did not answer for this often in a row. */
const MISSES = 6;
const LOOK_MS = 10_000;

const settings = JSON.parse(process.argv[2] ?? '') as GateSettings;
const network = JSON.parse(process.env[WAY_OUT_VARIABLE] ?? 'null') as NetworkSettings | null;
if (network !== null) useNetwork(network);
const insiders = addressSet(settings.inside);

const isInside = (socket: Socket): boolean => insiders.has(socket.remoteAddress ?? '');

const report = (details: Record<string, unknown>): void => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...details })}\n`);
};

/** The way in. What comes from inside is not for it. */
createServer({ allowHalfOpen: true }, (client) => {
  if (isInside(client)) {
    client.destroy();
    return;
  }
  const sandbox = connect({ ...settings.sandbox, allowHalfOpen: true });
  void relay(client, sandbox);
}).listen(settings.entryPort);

if (settings.policy.mode !== 'none') {
  const proxy = createSessionProxy({
    policy: settings.policy,
    hosts: createPublicHosts({
      privateNetworks: settings.exceptions,
      moreHostAddresses: settings.hostAddresses,
      ...(network === null ? {} : { network }),
    }),
    asker: 'sandbox',
    decided: boundDecisions((told) => report({ ...told })).decided,
  });
  // Others on the outer network have no business with this session's way out.
  proxy.on('connection', (socket: Socket) => {
    if (!isInside(socket)) socket.destroy();
  });
  proxy.listen(settings.proxyPort);
}

let misses = 0;
setInterval(() => {
  const probe = connect(settings.sandbox);
  probe.setTimeout(LOOK_MS / 2, () => probe.destroy(new Error('no answer')));
  probe.once('connect', () => {
    misses = 0;
    probe.destroy();
  });
  probe.on('error', () => {
    misses++;
    if (misses >= MISSES) process.exit(0);
  });
}, LOOK_MS);
process.on('SIGTERM', () => process.exit(0));
// A connection that breaks in an odd place must not take the session's network away.
process.on('uncaughtException', (error) => report({ error: error.stack ?? error.message }));
