import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { startTracing, withSpan } from './tracing.ts';

describe('tracing', () => {
  it('sends spans to the collector, nested as the work was', async () => {
    const received: { url: string; body: string }[] = [];
    const collector = createServer((request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ url: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') });
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    const tracing = startTracing(`http://127.0.0.1:${port}`, {
      serviceName: 'my-service',
      part: 'api',
      version: '1',
    });
    const options = { kind: SpanKind.INTERNAL, attributes: {} };
    await withSpan('outer-span', options, async () => withSpan('inner-span', options, async () => undefined));
    await tracing.close();
    expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
    for (const name of ['my-service', 'outer-span', 'inner-span']) expect(received[0]?.body).toContain(name);
    collector.close();
  });

  it('goes on when no collector answers', async () => {
    const tracing = startTracing('http://127.0.0.1:1', { serviceName: 's', part: 'api', version: '1' });
    const options = { kind: SpanKind.INTERNAL, attributes: {} };
    expect(await withSpan('lost', options, async () => 7)).toBe(7);
    await tracing.close();
  });
});
