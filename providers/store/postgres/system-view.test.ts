import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createPostgresSystemView } from './system-view.ts';

it('says of a server that takes connections and says nothing that it does not answer, whatever is asked', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const view = createPostgresSystemView(`postgres://user@127.0.0.1:${port}/store`);
  const silent = {
    code: 'unavailable',
    message: expect.stringMatching(/PostgreSQL does not answer within/),
  };
  await Promise.all(
    [view.database(), view.workers(), view.hosts(), view.queue(), view.workers()].map((asked) =>
      expect(asked).rejects.toMatchObject(silent),
    ),
  );
  await view.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});
