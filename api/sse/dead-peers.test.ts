import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectionsIn, findDeadPeers, peerKey } from './dead-peers.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 20 4 30 10 -1
   1: 0100007F:1F90 0200000A:D2F1 01 0000002A:00000000 01:00000B2C 00000007     0        0 2 2 0000000000000000 20 4 30 10 -1

`;

describe('the table of connections', () => {
  it('says how often a packet was sent again', () => {
    expect(connectionsIn(TABLE)).toEqual([
      { key: '1F90 0100007F:D2F0', retransmissions: 0 },
      { key: '1F90 0200000A:D2F1', retransmissions: 7 },
    ]);
    expect(connectionsIn('')).toEqual([]);
  });

  it('names connections as we do, over IPv4, IPv6 and both', async () => {
    const hosts = [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['::', '127.0.0.1'],
    ] as const;
    for (const [host, target] of hosts) {
      const server = createServer();
      server.listen(0, host);
      await once(server, 'listening');
      const client = connect((server.address() as AddressInfo).port, target);
      const [accepted] = (await once(server, 'connection')) as [Socket];
      const tables = await Promise.all(
        ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'latin1')),
      );
      const keys = tables.flatMap((table) => connectionsIn(table).map(({ key }) => key));
      const key = peerKey(accepted);
      expect(keys).toContain(key);
      expect(await findDeadPeers()).not.toContain(key);
      client.destroy();
      accepted.destroy();
      server.close();
    }
  });

  it('has no name for a closed connection', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    accepted.destroy();
    await once(accepted, 'close');
    expect(peerKey(accepted)).toBeNull();
    client.destroy();
    server.close();
  });
});
