import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import type { SpanLossWatch } from './span-sender.ts';
import { startTracing, withSpan, type Tracing } from './tracing.ts';

const OPTIONS = { serviceName: 's', part: 'api', version: '1' };
const SPAN = { kind: SpanKind.INTERNAL, attributes: {} };

let tracing: Tracing | null = null;
afterEach(async () => {
  await tracing?.close();
  vi.unstubAllEnvs();
});

function watcher() {
  const lines: { level: string; fields: Record<string, unknown>; text: string }[] = [];
  const counted = { not_sent: 0, queue_full: 0 };
  const line = (level: string) => (fields: Record<string, unknown>, text: string) =>
    void lines.push({ level, fields, text });
  const watch = {
    log: { info: line('info'), warn: line('warn') } as unknown as SpanLossWatch['log'],
    count: (reason: keyof typeof counted, spans: number) => void (counted[reason] += spans),
  };
  return { watch, lines, counted };
}

async function collect(listener: RequestListener): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    request.resume();
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const some = async (count: number) => {
  for (let at = 0; at < count; at += 1) await withSpan('span', SPAN, async () => undefined);
};

it('says once that a collector refuses spans, counts them, and says when it takes them again', async () => {
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  let status = 401;
  const collector = await collect((_request, response) => response.writeHead(status).end());
  const { watch, lines, counted } = watcher();
  tracing = startTracing(collector.url, OPTIONS, watch);
  await some(3);
  await expect.poll(() => counted.not_sent).toBe(3);
  await some(2);
  await expect.poll(() => counted.not_sent).toBe(5);
  expect(lines).toEqual([
    {
      level: 'warn',
      fields: { reason: 'not_sent', cause: '401 Unauthorized' },
      text: 'spans cannot be sent to the collector and are lost',
    },
  ]);
  status = 200;
  await some(1);
  await expect
    .poll(() => lines[1])
    .toEqual({
      level: 'info',
      fields: { lost: 5 },
      text: 'the collector takes spans again',
    });
  collector.close();
});

it('keeps a bounded number of spans for a collector that does not answer, and counts the others', async () => {
  vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '10');
  vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '10');
  const collector = await collect(() => undefined);
  const { watch, lines, counted } = watcher();
  tracing = startTracing(collector.url, OPTIONS, watch);
  // Ten are on their way, ten wait.
  await some(50);
  expect(counted.queue_full).toBe(30);
  expect(lines).toEqual([expect.objectContaining({ fields: { reason: 'queue_full' } })]);
  collector.close();
});

it('tells of variables that are wrong, and heeds the one that switches it off', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'nonsense');
  const { watch, lines } = watcher();
  tracing = startTracing('http://127.0.0.1:1', OPTIONS, watch);
  expect(JSON.stringify(lines)).toContain('OTEL_TRACES_SAMPLER');
  await tracing?.close();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  tracing = startTracing('http://127.0.0.1:1', OPTIONS, watch);
  expect(tracing).toBeNull();
});
