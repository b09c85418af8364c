import { createHash } from 'node:crypto';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { noteForLog } from '../../providers/telemetry/log-context.ts';
import { createMetrics, type Metrics } from '../../providers/telemetry/metrics.ts';
import { listen } from '../../test/harness/listen.ts';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createOperatorCheck } from '../operator-check.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { defineRoute, defineStreamRoute } from '../route.ts';
import { metricsRoutes } from '../routes/metrics.ts';

const KEYS = [
  { id: 'key_one', workspace: 'one', operator: true },
  { id: 'key_two', workspace: 'two', operator: false },
].map((key) => ({ ...key, sha256: createHash('sha256').update(key.id).digest('hex') }));
const about = (operationId: string) => ({
  operationId,
  summary: operationId,
  tag: 'test',
  response: z.object({}),
});

let entries: AuditEntry[];
let endStream: () => void;
let release: (() => void) | undefined;
let addEntry: (entry: AuditEntry) => Promise<void>;
let metrics: Metrics;
let server: Awaited<ReturnType<typeof listen>>;

beforeEach(async () => {
  entries = [];
  addEntry = async (entry) => void entries.push(entry);
  metrics = createMetrics('api');
  const app = createApp({
    routes: [
      defineRoute({
        method: 'POST',
        path: '/v1/things',
        ...about('createThing'),
        rate: 'create',
        body: z.looseObject({}),
        handle: ({ body }) => {
          if ('fail' in body) throw new AppError('conflict', 'It is there already.');
          return { id: 'thing_1', secret: 's' };
        },
      }),
      defineRoute({
        method: 'POST',
        path: '/v1/things/{thing_id}/events',
        ...about('sendThings'),
        rate: 'write',
        body: z.looseObject({}),
        handle: ({ body }) => ({
          data:
            'count' in body
              ? Array.from({ length: Number(body['count']) }, (_, at) => ({ id: `ev_${at}` }))
              : [{ id: 'ev_1' }, { id: 'ev_2' }, {}],
        }),
      }),
      defineRoute({
        method: 'GET',
        path: '/v1/things/{thing_id}',
        ...about('getThing'),
        rate: 'read',
        handle: () => ({ id: 'thing_1' }),
      }),
      defineRoute({
        method: 'POST',
        path: '/v1/held',
        ...about('holdThing'),
        rate: 'write',
        body: z.looseObject({}),
        handle: ({ hold }) => {
          hold(new Promise((resolve) => (release = resolve)));
          return { id: 'thing_2' };
        },
      }),
      defineStreamRoute({
        method: 'GET',
        path: '/v1/stream',
        ...about('streamThings'),
        rate: 'read',
        content: 'text/event-stream',
        handle: async (_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.flushHeaders();
          await new Promise<void>((resolve) => (endStream = resolve));
          response.end();
        },
      }),
      defineStreamRoute({
        method: 'POST',
        path: '/v1/turns',
        ...about('streamTurn'),
        rate: 'write',
        content: 'text/event-stream',
        handle: async (_request, response) => {
          noteForLog({ session_id: 'sesn_new' });
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.flushHeaders();
          await new Promise<void>((resolve) => (endStream = resolve));
          response.end();
        },
      }),
      ...metricsRoutes({ metrics, mayOperate: createOperatorCheck(KEYS) }),
    ],
    access: createAccess({ keys: KEYS, publicUrl: null }),
    limiter: createRateLimiter(
      {
        requestsPerKey: null,
        sessionsPerKey: null,
        createsPerWorkspace: 2,
        readsPerWorkspace: null,
        streamsPerKey: null,
      },
      Date.now,
    ),
    log: pino({ level: 'silent' }),
    observers: { metrics, audit: { add: (entry) => addEntry(entry) } },
    newRequestId: () => 'req_1',
  });
  server = await listen(app);
});
afterEach(() => server.close());

const call = (method: string, path: string, options: { key?: string; body?: object } = {}) =>
  fetch(`${server.url}${path}`, {
    method,
    headers: { 'x-api-key': options.key ?? 'key_one', 'content-type': 'application/json' },
    ...(options.body ? { body: JSON.stringify(options.body) } : {}),
  });

describe('the audit of requests', () => {
  it('notes who made what, and nothing of the contents', async () => {
    await call('POST', '/v1/things?secret=x', { body: { password: 'hidden' } });
    await call('POST', '/v1/things/thing_9/events', { key: 'key_two', body: {} });
    const shared = {
      requestId: 'req_1',
      method: 'POST',
      status: 200,
      address: expect.stringContaining('127.0.0.1'),
    };
    expect(entries).toEqual([
      {
        ...shared,
        workspaceId: 'one',
        keyId: 'key_one',
        operation: 'createThing',
        path: '/v1/things',
        resource: 'thing_1',
      },
      {
        ...shared,
        workspaceId: 'two',
        keyId: 'key_two',
        operation: 'sendThings',
        path: '/v1/things/thing_9/events',
        resource: 'ev_1 ev_2',
      },
    ]);
  });

  it('names all ids of a batch', async () => {
    await call('POST', '/v1/things/thing_9/events', { body: { count: 60 } });
    expect(entries[0]?.resource?.split(' ')).toHaveLength(60);
  });

  it('notes what was refused, but not what came too often, without a key, or only reads', async () => {
    await call('POST', '/v1/things', { body: { fail: true } });
    await call('POST', '/v1/things', { body: {} });
    await call('POST', '/v1/things', { body: {} });
    await call('POST', '/v1/things', { key: 'wrong', body: {} });
    await call('GET', '/v1/things/thing_1');
    expect(entries.map(({ status, resource }) => [status, resource])).toEqual([
      [409, null],
      [200, 'thing_1'],
    ]);
  });

  it('notes a request that is answered by a stream once, also when its client goes before the end', async () => {
    const answer = await call('POST', '/v1/turns', { body: {} });
    expect(entries).toMatchObject([
      { operation: 'streamTurn', status: 200, workspaceId: 'one', resource: 'sesn_new' },
    ]);
    await answer.body?.cancel();
    const whole = await call('POST', '/v1/turns', { body: {} });
    endStream();
    await whole.text();
    expect(entries).toHaveLength(2);
  });

  it('answers only when the entry is in the log', async () => {
    let release = () => undefined as void;
    addEntry = (entry) =>
      new Promise((resolve) => {
        release = () => {
          entries.push(entry);
          resolve();
        };
      });
    let answered = false;
    const answer = call('POST', '/v1/things', { body: {} }).then((response) => {
      answered = true;
      return response;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    release();
    expect(await (await answer).json()).toEqual({ id: 'thing_1', secret: 's' });
    expect(entries).toHaveLength(1);
  });
});

describe('an answer that is held', () => {
  it('goes out when what holds it and its entry are done, which go on at the same time', async () => {
    const entry = Promise.withResolvers<void>();
    addEntry = async (added) => {
      await entry.promise;
      entries.push(added);
    };
    let answered = false;
    const answer = call('POST', '/v1/held', { body: {} }).then((response) => {
      answered = true;
      return response;
    });
    await expect.poll(() => release !== undefined).toBe(true);
    entry.resolve();
    await expect.poll(() => entries).toHaveLength(1);
    expect(answered).toBe(false);
    release?.();
    expect(await (await answer).json()).toEqual({ id: 'thing_2' });
  });
});

describe('the metrics of requests', () => {
  const series = async () =>
    (await metrics.text()).split('\n').filter((line) => line.includes('http_request_duration_seconds_count'));

  it('are kept by route, method and status', async () => {
    await call('GET', '/v1/things/thing_1');
    await call('GET', '/v1/things/thing_2');
    await call('POST', '/v1/things', { body: { fail: true } });
    await call('GET', '/v1/nothing/of/the/sort');
    await call('POST', '/v1/things', { key: 'wrong', body: {} });
    const found = (await series()).map((line) => line.replace(/^.*\{part="api",/, '').replaceAll('"', ''));
    expect(found.sort()).toEqual([
      'method=GET,route=/v1/things/{thing_id},status=200} 2',
      'method=GET,route=none,status=404} 1',
      'method=POST,route=/v1/things,status=401} 1',
      'method=POST,route=/v1/things,status=409} 1',
    ]);
  });

  it('of a stream end with its headers', async () => {
    const begun = performance.now();
    const answer = await call('GET', '/v1/stream');
    const untilHeaders = performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, 2 * untilHeaders));
    endStream();
    await answer.text();
    const text = await metrics.text();
    const sum =
      /duration_seconds_sum\{part="api",method="GET",route="\/v1\/stream",status="200"\} (\S+)/.exec(text);
    expect(Number(sum?.[1]) * 1_000).toBeLessThanOrEqual(untilHeaders);
  });

  it('are for operators', async () => {
    const answer = await call('GET', '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await answer.text()).toContain('process_cpu_seconds_total');
    expect((await call('GET', '/metrics', { key: 'key_two' })).status).toBe(403);
    expect((await call('GET', '/metrics', { key: 'wrong' })).status).toBe(401);
  });
});
