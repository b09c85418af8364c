import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';

import { groupsAsIpv4, ipv6Groups } from './address-set.ts';
import { createAddressCheck } from './public-address.ts';
import { METADATA_ADDRESSES, SPECIAL_NETWORKS } from './special-networks.ts';

const isAllowed = createAddressCheck(() => ['8.8.4.4', '2a00:1450::5'], []);

/** The first and the last address of a network. */
function endsOf(network: string): [first: string, last: string] {
  const [address = '', prefix] = network.split('/');
  const isV4 = isIPv4(address);
  const groups = isV4
    ? address.split('.').reduce<number[]>((all, part, index) => {
        const at = index >> 1;
        all[at] = ((all[at] ?? 0) << 8) | Number(part);
        return all;
      }, [])
    : (ipv6Groups(address) ?? []);
  const last = groups.map((group, index) => {
    const kept = Math.min(16, Math.max(0, Number(prefix) - 16 * index));
    return group | (0xffff >> kept);
  });
  const spell = (all: number[]): string =>
    isV4 ? groupsAsIpv4(all[0], all[1]) : all.map((group) => group.toString(16)).join(':');
  return [spell(groups), spell(last)];
}

describe('addresses', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a02:2e0:3fe:1001:302::',
    '::ffff:8.8.8.8',
    // Beside special networks.
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '126.255.255.255',
    '128.0.0.0',
    '168.63.129.15',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '191.255.255.255',
    '192.0.1.0',
    '192.0.3.0',
    '192.88.98.255',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '198.51.99.255',
    '203.0.114.0',
    '223.255.255.255',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::1',
    '2003::1',
    '2620:4f:7fff::1',
    '3ffe::1',
    // ISATAP with a public address inside.
    '2606:4700::200:5efe:8.8.8.8',
  ])('allow %s', (address) => {
    expect(isAllowed(address)).toBe(true);
  });
  it.each(SPECIAL_NETWORKS)('refuse all of $network: $purpose ($source)', ({ network }) => {
    for (const address of endsOf(network)) {
      expect(isAllowed(address), address).toBe(false);
      if (isIPv4(address)) expect(isAllowed(`::ffff:${address}`), `mapped ${address}`).toBe(false);
    }
  });
  it.each(METADATA_ADDRESSES)('refuse $address, where the cloud answers: $of', ({ address }) => {
    expect(isAllowed(address)).toBe(false);
    if (isIPv4(address)) expect(isAllowed(`::ffff:${address}`)).toBe(false);
  });
  // The registries themselves, spelled out: the list under test must not be what it is tested with.
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.0.9',
    '192.0.0.170',
    '192.0.0.192',
    '192.0.2.1',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.168.1.1',
    '192.175.48.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::2',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:10.0.0.1',
    '::ffff:168.63.129.16',
    '::ffff:0:8.8.8.8',
    '::ffff:0:10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '100::1',
    '100:0:0:1::1',
    '2001:0:1::1',
    '2001:1::1',
    '2001:2::1',
    '2001:3::1',
    '2001:4:112::1',
    '2001:10::1',
    '2001:20::1',
    '2001:30::1',
    '2001:1ff:ffff::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '2620:4f:8000::1',
    '3fff::1',
    '3fff:fff:ffff::1',
    '5f00::1',
    'fc00::1',
    'fd12::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    // Reserved: nothing outside 2000::/3 is assigned.
    '1::1',
    '1fff::1',
    '4000::1',
    '8000::1',
    'e000::1',
    // ISATAP in any network, with a private address inside.
    '2606:4700::5efe:10.0.0.1',
    '2606:4700::200:5efe:169.254.169.254',
  ])('refuse %s', (address) => {
    expect(isAllowed(address)).toBe(false);
  });
  it.each(['', 'localhost', '1.2.3', '127.1', '0x7f000001', '1.2.3.4/8', '1.2.3.4:80', '[2606:4700::1111]'])(
    'are not %j',
    (text) => {
      expect(isAllowed(text)).toBe(false);
    },
  );
  it('refuse the addresses of this host', () => {
    expect(isAllowed('8.8.4.4')).toBe(false);
    expect(isAllowed('::ffff:8.8.4.4')).toBe(false);
    expect(isAllowed('2606:4700::5efe:8.8.4.4')).toBe(false);
    expect(isAllowed('2a00:1450::5')).toBe(false);
    for (const spelling of [
      '2A00:1450:0:0:0:0:0:5',
      '2a00:1450:0000::0005',
      '2a00:1450::0.0.0.5',
      '2a00:1450::5%1',
    ])
      expect(isAllowed(spelling), spelling).toBe(false);
  });
  it('allow private networks that the operator opened, and no others', () => {
    const opened = createAddressCheck(() => ['10.1.0.9'], ['10.1.0.0/16', 'fd00::5']);
    expect(['10.1.0.1', '10.1.0.9', 'fd00::5', '::ffff:10.1.0.1'].map(opened)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(createAddressCheck(() => [], ['::1'])('::1')).toBe(true);
    expect(['10.2.0.1', 'fd00::6', '127.0.0.1'].map(opened)).toEqual([false, false, false]);
    for (const nonsense of ['somewhere', '', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/129'])
      expect(() => createAddressCheck(() => [], [nonsense]), nonsense).toThrow(RangeError);
  });
  it('take a network of mapped addresses for the IPv4 network that it is', () => {
    const opened = createAddressCheck(() => [], ['::ffff:10.1.0.0/112']);
    expect(['10.1.0.1', '10.2.0.1', '127.0.0.1'].map(opened)).toEqual([true, false, false]);
  });
  it('keep the metadata of clouds closed in a network that was opened, unless it is named alone', () => {
    const wide = createAddressCheck(() => [], ['100.64.0.0/10', '169.254.0.0/16', 'fd00::/8', '0.0.0.0/0']);
    expect(['100.64.0.1', '169.254.1.1', 'fd00::1', '10.0.0.1'].map(wide)).toEqual([true, true, true, true]);
    for (const { address } of METADATA_ADDRESSES) expect(wide(address), address).toBe(false);
    const named = createAddressCheck(() => [], ['169.254.169.254/32', 'fd00:ec2::254']);
    expect(['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254'].map(named)).toEqual([
      true,
      true,
      true,
    ]);
  });
  it('judge what a translator that was opened would dial', () => {
    const nat64 = createAddressCheck(() => ['8.8.4.4'], ['64:ff9b::/96', '2002::/16', '2001::/32']);
    expect(nat64('64:ff9b::8.8.8.8')).toBe(true);
    expect(nat64('2002:808:808::1')).toBe(true);
    for (const address of [
      '64:ff9b::10.0.0.1',
      '64:ff9b::169.254.169.254',
      '64:ff9b::8.8.4.4',
      '2002:a00:1::1',
      // Teredo: the server, then the client with its bits turned.
      '2001:0:a00:1::f7f7:f7f7',
      '2001:0:808:808::f5ff:fffe',
    ])
      expect(nat64(address), address).toBe(false);
    expect(nat64('2001:0:808:808::f7f7:f7f7')).toBe(true);
  });
});
