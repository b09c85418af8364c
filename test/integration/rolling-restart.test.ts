import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startBalancer, type Balancer } from '../harness/balancer.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';

const WAIT = { timeout: 60_000, interval: 50 };

describe('two apis behind a balancer, restarted one after another', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-rolling-'));
  const processes: EntryProcess[] = [];
  const stop = new AbortController();
  let services: TestServices;
  let balancer: Balancer;
  let settings: Record<string, string>;
  let ports: number[];

  const start = (entry: 'server.ts' | 'worker.ts', more: Record<string, string> = {}): EntryProcess => {
    const process = startEntry(entry, dataDir, { ...settings, ...more });
    processes.push(process);
    return process;
  };
  const startApi = (port: number): EntryProcess =>
    start('server.ts', { MANAGED_AGENT_API_PORT: String(port) });
  const urlOf = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  const post = async (route: string, body: unknown): Promise<{ status: number; id: string }> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${balancer.url}${route}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return { status: answer.status, id: ((await answer.json()) as { id: string }).id };
  };

  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_SANDBOX_DRIVER: 'none',
      MANAGED_AGENT_API_UNREADY_SECONDS: '3',
    };
    ports = [await pickFreePort(), await pickFreePort()];
    balancer = await startBalancer(ports.map(urlOf));
    start('worker.ts');
  });
  afterAll(async () => {
    stop.abort();
    await balancer.close();
    for (const process of processes) process.kill('SIGINT');
    await Promise.all(processes.map((process) => process.ended));
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('lose no request, and end streams in good order', async () => {
    const apis = ports.map(startApi);
    for (const port of ports) await expect.poll(() => balancer.uses(urlOf(port)), WAIT).toBe(true);

    const agent = await post('/v1/agents', { name: 'a', model: 'demo' });
    const environment = await post('/v1/environments', { name: 'e' });
    const session = await post('/v1/sessions', { agent: agent.id, environment_id: environment.id });
    const statuses = new Map<string, number>();
    const count = (what: string): void => void statuses.set(what, (statuses.get(what) ?? 0) + 1);
    const broken: string[] = [];

    const postOn = async (): Promise<void> => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const { status } = await post('/v1/environments', { name: `e${n}` });
        count(`POST ${status}`);
      }
    };
    const readOn = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const answer = await fetch(`${balancer.url}/v1/sessions/${session.id}`);
        await answer.arrayBuffer();
        count(`GET ${answer.status}`);
      }
    };
    const follow = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const url = `${balancer.url}/v1/sessions/${session.id}/events/stream`;
        try {
          const answer = await fetch(url, { signal: stop.signal });
          for await (const _ of answer.body ?? []) void _;
          count(`stream ${answer.status}`);
        } catch (error) {
          if (!stop.signal.aborted) broken.push(String(error));
        }
      }
    };
    const load = Promise.all([postOn(), postOn(), readOn(), readOn(), follow(), follow()]);

    for (const [index, port] of ports.entries()) {
      await sleep(1_000);
      const before = Object.fromEntries(statuses);
      const old = apis[index];
      old?.kill('SIGTERM');
      await expect.poll(() => balancer.uses(urlOf(port)), WAIT).toBe(false);
      // It says that it stops, and goes on as before until nobody sends it anything any more.
      const asked = await fetch(`${urlOf(port)}/v1/sessions/${session.id}`);
      expect([asked.status, asked.headers.get('connection')]).toEqual([200, 'close']);
      expect((await fetch(`${urlOf(port)}/readyz`)).status).toBe(503);
      await old?.ended;
      startApi(port);
      await expect.poll(() => balancer.uses(urlOf(port)), WAIT).toBe(true);
      expect(statuses.get('POST 200')).toBeGreaterThan(before['POST 200'] ?? 0);
    }
    await sleep(1_000);
    stop.abort();
    await load;

    console.log('restarted one after another:', Object.fromEntries(statuses));
    expect(balancer.failures).toEqual([]);
    expect(broken).toEqual([]);
    expect([...statuses.keys()].sort()).toEqual(['GET 200', 'POST 200', 'stream 200']);
  }, 300_000);
});
