import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';
import { z } from 'zod';

import { SandboxProtocolError } from '../sandboxd-client.ts';
import { createAioApi, type AioApi } from './api.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function apiOf(listener: RequestListener): Promise<AioApi> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return createAioApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => null);
}

function endless(): { stream: Readable; read(): number } {
  let read = 0;
  const stream = new Readable({
    read() {
      read += 65_536;
      this.push(Buffer.alloc(65_536));
    },
  });
  return { stream, read: () => read };
}

it('asks with the key of now', async () => {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['x-aio-api-key']);
    response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  let key: string | null = 'first';
  const api = createAioApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => key);
  for (const next of ['first', 'second', null]) {
    key = next;
    await api.bytes('/v1/file');
  }
  expect(keys).toEqual(['first', 'second', undefined]);
});

it('reads of a file no more than the sandbox takes', async () => {
  const arrived = Promise.withResolvers<void>();
  const api = await apiOf((request) => {
    request.pause();
    arrived.resolve();
  });
  const { stream, read } = endless();
  const uploading = api.upload('/workspace/large', stream);
  uploading.catch(() => undefined);
  await arrived.promise;
  // What is read until nothing more is taken: the buffers of both ends of the connection.
  let before = -1;
  await vi.waitFor(
    () => {
      const now = read();
      const stood = now === before;
      before = now;
      expect(stood).toBe(true);
    },
    { interval: 200, timeout: 10_000 },
  );
  expect(before).toBeLessThan(64 * 1024 * 1024);
  for (const server of servers) server.closeAllConnections();
  await expect(uploading).rejects.toThrow();
});

it('sends a file as a form', async () => {
  let form: FormData | undefined;
  const api = await apiOf((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.once('end', () => {
      const headers = { 'content-type': request.headers['content-type'] ?? '' };
      void new Response(Buffer.concat(parts), { headers }).formData().then((read) => {
        form = read;
        response.end('{"success":true,"data":null}');
      });
    });
  });
  await api.upload('/workspace/a b', Readable.from([Buffer.from('the '), Buffer.from('content')]));
  const file = form?.get('file');
  expect([form?.get('path'), file instanceof Blob ? await file.text() : file]).toEqual([
    '/workspace/a b',
    'the content',
  ]);
});

it('reads no more of a refusal than a few words', async () => {
  const { stream } = endless();
  const api = await apiOf((_request, response) => {
    response.writeHead(500);
    stream.pipe(response);
    response.once('close', () => stream.destroy());
  });
  await expect(api.stream('/v1/file/download')).rejects.toThrow('AIO answered 500');
  await vi.waitFor(() => expect(stream.destroyed).toBe(true));
});

it('parses no answer of very many values', async () => {
  const api = await apiOf((_request, response) =>
    response.end(`{"success":true,"data":[${'{},'.repeat(1_000_000)}0]}`),
  );
  const asked = api.call('GET', '/v1/mcp/servers', z.unknown());
  await expect(asked).rejects.toThrow(SandboxProtocolError);
  await expect(asked).rejects.toThrow('more than 100000 values');
});
