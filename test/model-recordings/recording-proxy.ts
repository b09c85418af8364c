import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Recording } from './recording.ts';

/** Passes requests on to a real server and keeps each response as it came. */
export async function startRecordingProxy(
  target: string,
  source: string,
): Promise<{ url: string; recordings: Recording[]; close(): Promise<void> }> {
  const recordings: Recording[] = [];
  const server = createServer((request, response) => {
    const pass = async () => {
      const started = performance.now();
      const url = new URL(`${target.replace(/\/$/, '')}${request.url ?? ''}`);
      const upstream = await fetch(url, {
        method: request.method ?? 'POST',
        headers: forwarded(request),
        body: new Uint8Array(await readAll(request)),
      });
      const contentType = upstream.headers.get('content-type') ?? '';
      const recording: Recording = {
        head: {
          source,
          recorded: new Date().toISOString().slice(0, 10),
          path: url.pathname,
          status: upstream.status,
          content_type: contentType,
        },
        chunks: [],
      };
      recordings.push(recording);
      response.writeHead(upstream.status, { 'content-type': contentType });
      const decoder = new TextDecoder();
      for await (const bytes of upstream.body ?? []) {
        const chunk = decoder.decode(bytes as Uint8Array, { stream: true });
        if (chunk !== '') recording.chunks.push({ ms: Math.round(performance.now() - started), chunk });
        response.write(bytes);
      }
      response.end();
    };
    pass().catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    recordings,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const NOT_FORWARDED = new Set([
  'host',
  'connection',
  'content-length',
  'accept-encoding',
  'transfer-encoding',
]);

function forwarded(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !NOT_FORWARDED.has(name)) headers.set(name, String(value));
  return headers;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
