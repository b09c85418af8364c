import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A bridge of the host. One with a gateway has an address of the host on it, as Docker's default network has. */
export interface BridgeNetwork {
  name: string;
  labels: Record<string, string>;
  kind: 'internal' | 'outer';
  subnet: string;
  /** Length of the subnet's prefix. */
  bits: string;
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
  asked?: string,
): BridgeNetwork {
  counter = (counter + 1) % 250;
  const subnet = asked ?? `10.${kind === 'outer' ? 233 : 234}.${counter}.0/24`;
  const bridge = `mat${randomBytes(4).toString('hex')}`;
  const [base = '', bits = ''] = subnet.split('/');
  const first = Number(base.split('.')[3]);
  const at = (host: number): string => base.replace(/\d+$/, String(first + host));
  const gateway = kind === 'outer' ? at(1) : null;
  ip('link', 'add', bridge, 'type', 'bridge');
  if (gateway !== null) ip('addr', 'add', `${gateway}/${bits}`, 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  let last = 1;
  return {
    name,
    labels,
    kind,
    subnet,
    bits,
    gateway,
    bridge,
    nextAddress: () => at(++last),
    remove: () => ip('link', 'del', bridge),
  };
}

/** A network namespace of its own, joined to bridges. */
export interface Namespace {
  path: string;
  addresses: Record<string, string>;
  remove(): void;
}

/** @param joins - the networks, each with the address that was asked for there. */
export function createNamespace(joins: readonly { network: BridgeNetwork; asked?: string }[]): Namespace {
  const name = `mat-${randomBytes(5).toString('hex')}`;
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const addresses: Record<string, string> = {};
  for (const [index, { network, asked }] of joins.entries()) {
    const outside = `mav${randomBytes(4).toString('hex')}`;
    const inside = `eth${index}`;
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
    ip('link', 'set', outside, 'master', network.bridge, 'up');
    const address = asked ?? network.nextAddress();
    ip('-n', name, 'addr', 'add', `${address}/${network.bits}`, 'dev', inside);
    ip('-n', name, 'link', 'set', inside, 'up');
    if (network.gateway !== null) ip('-n', name, 'route', 'add', 'default', 'via', network.gateway);
    addresses[network.name] = address;
  }
  return { path: `/run/netns/${name}`, addresses, remove: () => ip('netns', 'del', name) };
}
