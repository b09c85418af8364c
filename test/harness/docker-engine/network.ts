import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A bridge of the host. One with a gateway has an address of the host on it, as Docker's default network has. */
export interface BridgeNetwork {
  name: string;
  labels: Record<string, string>;
  subnet: string;
  /** Takes the next address. */
  nextAddress(): string;
  readonly gateway: string | null;
  readonly bridge: string;
  remove(): void;
}

let counter = randomBytes(1)[0] ?? 0;

export function createBridge(
  name: string,
  labels: Record<string, string>,
  kind: 'internal' | 'outer',
): BridgeNetwork {
  counter = (counter + 1) % 250;
  const prefix = `10.${kind === 'outer' ? 233 : 234}.${counter}`;
  const bridge = `mat${randomBytes(4).toString('hex')}`;
  const gateway = kind === 'outer' ? `${prefix}.1` : null;
  ip('link', 'add', bridge, 'type', 'bridge');
  if (gateway !== null) ip('addr', 'add', `${gateway}/24`, 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  let last = 1;
  return {
    name,
    labels,
    subnet: `${prefix}.0/24`,
    gateway,
    bridge,
    nextAddress: () => `${prefix}.${++last}`,
    remove: () => ip('link', 'del', bridge),
  };
}

/** A network namespace of its own, joined to bridges. */
export interface Namespace {
  path: string;
  addresses: Record<string, string>;
  remove(): void;
}

export function createNamespace(networks: readonly BridgeNetwork[]): Namespace {
  const name = `mat-${randomBytes(5).toString('hex')}`;
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const addresses: Record<string, string> = {};
  for (const [index, network] of networks.entries()) {
    const outside = `mav${randomBytes(4).toString('hex')}`;
    const inside = `eth${index}`;
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
    ip('link', 'set', outside, 'master', network.bridge, 'up');
    const address = network.nextAddress();
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inside);
    ip('-n', name, 'link', 'set', inside, 'up');
    if (network.gateway !== null) ip('-n', name, 'route', 'add', 'default', 'via', network.gateway);
    addresses[network.name] = address;
  }
  return { path: `/run/netns/${name}`, addresses, remove: () => ip('netns', 'del', name) };
}
