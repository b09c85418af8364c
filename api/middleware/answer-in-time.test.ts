import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { listen } from '../../test/harness/listen.ts';
import { answerInTime } from './answer-in-time.ts';
import { letIn } from './unread-body.ts';

const LARGE = Buffer.alloc(64 * 1_000_000);

it('ends the connection of somebody unknown who does not take an answer, and of nobody else', async () => {
  const sockets = new Map<string, Socket>();
  const app = express();
  app.use(answerInTime(50));
  app.get('/:who', (request, response) => {
    sockets.set(request.params.who, request.socket);
    if (request.params.who === 'known') letIn(response);
    response.end(LARGE);
  });
  const server = await listen(app);
  const ask = async (who: string) => {
    const client = connect(server.port, '127.0.0.1');
    client.on('error', () => undefined);
    await once(client, 'connect');
    client.write(`GET /${who} HTTP/1.1\r\nhost: x\r\n\r\n`);
    client.pause();
    return client;
  };
  const clients = [await ask('known')];
  await expect.poll(() => sockets.has('known')).toBe(true);
  clients.push(await ask('unknown'));
  await expect.poll(() => sockets.get('unknown')?.destroyed).toBe(true);
  expect(sockets.get('known')?.destroyed).toBe(false);
  for (const client of clients) client.destroy();
  await server.close();
});
