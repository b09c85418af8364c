/** A block of addresses with a purpose of its own. */
export interface SpecialNetwork {
  network: string;
  purpose: string;
  /** The document that sets it aside. */
  source: string;
}

/**
 * Every entry of IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890, RFC 8190, and what was registered since),
 * and of the other blocks that no host on the public internet has an address of. A sandbox is connected to none of them. That holds for
 * the entries that the registries call globally reachable as well, since none of them is a site:
 *
 * - AS112 and its direct delegation are name servers that answer questions about private addresses; sandboxes have no DNS.
 * - AMT relays carry multicast over UDP; sandboxes have no UDP.
 * - The anycast addresses for port control, TURN and service registration are answered by the nearest device, which is the gateway of
 *   the service's own network.
 * - NAT64, 6to4 and Teredo lead to an IPv4 address by way of a translator, which may know private ones; the IPv4 address itself is there
 *   to be dialled. A host that has nothing but NAT64 opens `64:ff9b::/96` as a private network, and the IPv4 address inside is judged.
 * - ORCHIDv2 and DRIP name things, and are not routed.
 */
export const SPECIAL_NETWORKS: readonly SpecialNetwork[] = [
  { network: '0.0.0.0/8', purpose: 'this network', source: 'RFC 791' },
  { network: '0.0.0.0/32', purpose: 'this host on this network', source: 'RFC 1122' },
  { network: '10.0.0.0/8', purpose: 'private use', source: 'RFC 1918' },
  { network: '100.64.0.0/10', purpose: 'shared address space of carriers', source: 'RFC 6598' },
  { network: '127.0.0.0/8', purpose: 'loopback', source: 'RFC 1122' },
  { network: '169.254.0.0/16', purpose: 'link-local', source: 'RFC 3927' },
  { network: '172.16.0.0/12', purpose: 'private use', source: 'RFC 1918' },
  { network: '192.0.0.0/24', purpose: 'IETF protocol assignments', source: 'RFC 6890' },
  { network: '192.0.0.0/29', purpose: 'IPv4 service continuity (DS-Lite)', source: 'RFC 7335' },
  { network: '192.0.0.8/32', purpose: 'IPv4 dummy address', source: 'RFC 7600' },
  { network: '192.0.0.9/32', purpose: 'port control protocol anycast', source: 'RFC 7723' },
  { network: '192.0.0.10/32', purpose: 'TURN anycast', source: 'RFC 8155' },
  { network: '192.0.0.170/32', purpose: 'NAT64/DNS64 discovery', source: 'RFC 8880' },
  { network: '192.0.0.171/32', purpose: 'NAT64/DNS64 discovery', source: 'RFC 8880' },
  { network: '192.0.2.0/24', purpose: 'documentation (TEST-NET-1)', source: 'RFC 5737' },
  { network: '192.31.196.0/24', purpose: 'AS112', source: 'RFC 7535' },
  { network: '192.52.193.0/24', purpose: 'AMT relays', source: 'RFC 7450' },
  { network: '192.88.99.0/24', purpose: '6to4 relay anycast, deprecated', source: 'RFC 7526' },
  { network: '192.88.99.2/32', purpose: '6a44 relay anycast', source: 'RFC 6751' },
  { network: '192.168.0.0/16', purpose: 'private use', source: 'RFC 1918' },
  { network: '192.175.48.0/24', purpose: 'direct delegation of AS112', source: 'RFC 7534' },
  { network: '198.18.0.0/15', purpose: 'benchmarking', source: 'RFC 2544' },
  { network: '198.51.100.0/24', purpose: 'documentation (TEST-NET-2)', source: 'RFC 5737' },
  { network: '203.0.113.0/24', purpose: 'documentation (TEST-NET-3)', source: 'RFC 5737' },
  { network: '224.0.0.0/4', purpose: 'multicast', source: 'RFC 5771' },
  { network: '240.0.0.0/4', purpose: 'reserved', source: 'RFC 1112' },
  { network: '255.255.255.255/32', purpose: 'limited broadcast', source: 'RFC 919' },

  { network: '::/128', purpose: 'unspecified', source: 'RFC 4291' },
  { network: '::1/128', purpose: 'loopback', source: 'RFC 4291' },
  { network: '::/96', purpose: 'IPv4-compatible, deprecated', source: 'RFC 4291' },
  { network: '::ffff:0:0:0/96', purpose: 'IPv4-translated', source: 'RFC 2765' },
  { network: '64:ff9b::/96', purpose: 'IPv4/IPv6 translation (NAT64)', source: 'RFC 6052' },
  { network: '64:ff9b:1::/48', purpose: 'IPv4/IPv6 translation, local use', source: 'RFC 8215' },
  { network: '100::/64', purpose: 'discard only', source: 'RFC 6666' },
  { network: '100:0:0:1::/64', purpose: 'dummy prefix', source: 'RFC 9780' },
  { network: '2001::/23', purpose: 'IETF protocol assignments', source: 'RFC 2928' },
  { network: '2001::/32', purpose: 'Teredo', source: 'RFC 4380' },
  { network: '2001:1::1/128', purpose: 'port control protocol anycast', source: 'RFC 7723' },
  { network: '2001:1::2/128', purpose: 'TURN anycast', source: 'RFC 8155' },
  { network: '2001:1::3/128', purpose: 'service registration anycast', source: 'RFC 9665' },
  { network: '2001:2::/48', purpose: 'benchmarking', source: 'RFC 5180' },
  { network: '2001:3::/32', purpose: 'AMT relays', source: 'RFC 7450' },
  { network: '2001:4:112::/48', purpose: 'AS112', source: 'RFC 7535' },
  { network: '2001:10::/28', purpose: 'ORCHID, deprecated', source: 'RFC 4843' },
  { network: '2001:20::/28', purpose: 'ORCHIDv2', source: 'RFC 7343' },
  { network: '2001:30::/28', purpose: 'drone remote identification (DRIP)', source: 'RFC 9374' },
  { network: '2001:db8::/32', purpose: 'documentation', source: 'RFC 3849' },
  { network: '2002::/16', purpose: '6to4', source: 'RFC 3056' },
  { network: '2620:4f:8000::/48', purpose: 'direct delegation of AS112', source: 'RFC 7534' },
  { network: '3fff::/20', purpose: 'documentation', source: 'RFC 9637' },
  { network: '5f00::/16', purpose: 'segment routing identifiers', source: 'RFC 9602' },
  { network: 'fc00::/7', purpose: 'unique local', source: 'RFC 4193' },
  { network: 'fe80::/10', purpose: 'link-local', source: 'RFC 4291' },
  { network: 'fec0::/10', purpose: 'site-local, deprecated', source: 'RFC 3879' },
  { network: 'ff00::/8', purpose: 'multicast', source: 'RFC 4291' },
];

/** All that is assigned to hosts on the public internet lies in here; the rest of IPv6 is reserved (RFC 4291, section 2.4). */
export const GLOBAL_UNICAST = '2000::/3';

/**
 * Where clouds answer their machines' questions, about keys among other things. Most lie in blocks above, which an operator may have to
 * open as a whole; these stay refused then, unless they are named one by one.
 */
export const METADATA_ADDRESSES: readonly { address: string; of: string }[] = [
  { address: '169.254.169.254', of: 'AWS, Azure, Google Cloud, Oracle and others' },
  { address: '169.254.169.253', of: 'AWS, name server' },
  { address: '169.254.169.123', of: 'AWS, time server' },
  { address: '169.254.170.2', of: 'AWS, credentials of containers' },
  { address: '169.254.170.23', of: 'AWS, identity of pods' },
  { address: '168.63.129.16', of: 'Azure, wire server' },
  { address: '100.100.100.200', of: 'Alibaba Cloud' },
  { address: '192.0.0.192', of: 'Oracle Cloud, older machines' },
  { address: 'fd00:ec2::254', of: 'AWS' },
  { address: 'fd00:ec2::253', of: 'AWS, name server' },
  { address: 'fd00:ec2::23', of: 'AWS, identity of pods' },
  { address: 'fd20:ce::254', of: 'Google Cloud' },
  { address: 'fd00:c1::a9fe:a9fe', of: 'Oracle Cloud' },
];
