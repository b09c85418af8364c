import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { connectEngine } from './engine.ts';
import { probeDocker } from './probe.ts';

it('gives up an engine that takes requests and answers none, and says so', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'engine-'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, 'docker.sock'), resolve));
  try {
    const probe = await probeDocker(connectEngine(`unix://${folder}/docker.sock`, 200), 'an-image');
    expect(probe).toMatchObject({ ok: false, why: expect.stringContaining('did not answer in time') });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  }
});
