import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  createSandboxdClient,
  SandboxProtocolError,
  SandboxSilentError,
  type SandboxdClient,
} from './sandboxd-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function clientOf(listener: RequestListener, silenceMs?: number): Promise<SandboxdClient> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return createSandboxdClient({ host: '127.0.0.1', port, token: 't' }, silenceMs);
}

/** A file that goes on for ever. */
const endless = (): Readable =>
  new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });

describe('the client of sandboxd', () => {
  it.each(['', 'no'])('hears a refusal that says %j', async (words) => {
    const client = await clientOf((_request, response) => response.writeHead(404).end(words));
    await expect(client.read('/x')).rejects.toThrow(SandboxProtocolError);
    client.close();
  });
  it('waits for no answer that does not come', async () => {
    const client = await clientOf(() => undefined, 50);
    const signal = new AbortController().signal;
    await expect(client.status()).rejects.toThrow(SandboxSilentError);
    await expect(client.wait('c', 10, signal)).rejects.toThrow('the sandbox said nothing for 0.05 s');
    client.close();
  });
  it('reads no more of a refusal, or of what it did not ask for, than a few words', async () => {
    const sources: Readable[] = [];
    const client = await clientOf((request, response) => {
      const isArchive = request.url?.startsWith('/v1/archive') === true;
      response.writeHead(isArchive ? 413 : request.method === 'PUT' ? 200 : 500);
      const source = endless();
      sources.push(source);
      source.pipe(response);
      response.once('close', () => source.destroy());
    });
    await expect(client.read('/x')).rejects.toThrow(SandboxProtocolError);
    await expect(client.archive({ since: null, maxBytes: 1, maxFiles: 1 })).rejects.toThrow(
      SandboxProtocolError,
    );
    await client.write('/x', 0o644, Readable.from([Buffer.from('content')]));
    await vi.waitFor(() => expect(sources.map(({ destroyed }) => destroyed)).toEqual([true, true, true]));
    client.close();
  });
  it('parses no reply of very many values, which would take twenty times its memory', async () => {
    const client = await clientOf((_request, response) => {
      response.end(`{"state":"finished","result":[${'{},'.repeat(1_000_000)}0]}`);
    });
    await expect(client.wait('c', 0, new AbortController().signal)).rejects.toThrow(
      'the reply of the sandbox holds more than 100000 values',
    );
    client.close();
  });
  it('hears a refusal that breaks off', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(404, { 'content-length': 10 });
      response.flushHeaders();
      setTimeout(() => response.destroy(), 10);
    });
    await expect(client.read('/x')).rejects.toThrow();
    client.close();
  });
  it.each(['refused', 'broken'])('lets go of a file whose upload is %s', async (how) => {
    const client = await clientOf((request, response) => {
      request.once('data', () => {
        if (how === 'broken') response.destroy();
        else response.writeHead(409, { connection: 'close' }).end('no space');
      });
    });
    const content = endless();
    await expect(client.write('/x', 0o644, content)).rejects.toThrow();
    await vi.waitFor(() => expect(content.destroyed).toBe(true));
    client.close();
  });
});
