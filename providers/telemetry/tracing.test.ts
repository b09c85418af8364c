import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { startTracing, traceTo, withSpan } from './tracing.ts';

const UNWATCHED = { log: pino({ level: 'silent' }), count: () => undefined };

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
    const named = { serviceName: 'my-service', part: 'api', version: '1' };
    const tracing = startTracing(`http://127.0.0.1:${port}`, named, UNWATCHED);
    const options = { kind: SpanKind.INTERNAL, attributes: {} };
    await withSpan('outer-span', options, async () => withSpan('inner-span', options, async () => undefined));
    await tracing?.close();
    expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
    for (const name of ['my-service', 'outer-span', 'inner-span']) expect(received[0]?.body).toContain(name);
    collector.close();
  });

  it('goes on when no collector answers', async () => {
    const tracing = startTracing(
      'http://127.0.0.1:1',
      { serviceName: 's', part: 'api', version: '1' },
      UNWATCHED,
    );
    const options = { kind: SpanKind.INTERNAL, attributes: {} };
    expect(await withSpan('lost', options, async () => 7)).toBe(7);
    await tracing?.close();
  });

  it('names the service, its instance and what OTEL_RESOURCE_ATTRIBUTES adds', async () => {
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
    const instances: unknown[] = [];
    for (const part of ['api', 'worker']) {
      const exporter = new InMemorySpanExporter();
      const options = { serviceName: 'my-service', part, version: '7' };
      const tracing = traceTo(new SimpleSpanProcessor(exporter), options);
      await withSpan('span', { kind: SpanKind.INTERNAL, attributes: {} }, async () => undefined);
      const attributes = exporter.getFinishedSpans()[0]?.resource.attributes ?? {};
      expect(attributes).toMatchObject({
        'service.name': 'my-service',
        'service.namespace': 'managed-agent',
        'service.version': '7',
        'managed_agent.part': part,
        'deployment.environment.name': 'test',
      });
      instances.push(attributes['service.instance.id']);
      await tracing.close();
    }
    vi.unstubAllEnvs();
    expect(new Set(instances).size).toBe(2);
  });
});
