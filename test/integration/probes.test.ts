import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SystemReport } from '../../providers/health/system-status.ts';
import { pickFreePort } from '../../providers/host/free-port.ts';
import { startEntry, type EntryProcess } from '../harness/entry-process.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';

/** An api, a worker with a brain and one with hands, each by itself, as a deployment on several machines has them. */
describe('the probes', { timeout: 300_000 }, () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-probes-'));
  const started: EntryProcess[] = [];
  let services: TestServices;
  let settings: Record<string, string>;
  let api: { process: EntryProcess; url: string };
  let brain: { process: EntryProcess; url: string };
  let hands: { process: EntryProcess; url: string };

  async function start(entry: 'server.ts' | 'worker.ts', own: Record<string, string> = {}) {
    const port = String(await pickFreePort());
    const portOf = entry === 'server.ts' ? 'MANAGED_AGENT_API_PORT' : 'MANAGED_AGENT_TELEMETRY_WORKER_PORT';
    const process = startEntry(entry, dataDir, { ...settings, [portOf]: port, ...own });
    started.push(process);
    return { process, url: `http://127.0.0.1:${port}` };
  }

  beforeAll(async () => {
    chmodSync(dataDir, 0o711);
    services = await startTestServices();
    settings = {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_TEMPORAL_ADDRESS: services.temporalAddress,
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: services.taskQueue,
      MANAGED_AGENT_SANDBOX_DRIVER: 'unsafe_local',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    };
    api = await start('server.ts');
    brain = await start('worker.ts', { MANAGED_AGENT_WORKER_ROLE: 'brain' });
    hands = await start('worker.ts', { MANAGED_AGENT_WORKER_ROLE: 'hands' });
  });
  afterAll(async () => {
    for (const process of started) process.kill('SIGCONT');
    for (const process of started) process.kill('SIGTERM');
    await Promise.all(started.map((process) => process.ended));
    await services.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const statusOf = async (url: string, probe: string) => (await fetch(`${url}${probe}`)).status;
  const status = async (url = api.url) => (await (await fetch(`${url}/status`)).json()) as SystemReport;
  const state = async (part: string) => (await status()).parts[part]?.state;
  const soon = { timeout: 150_000, interval: 50 };

  it('say of each process whether it can do its own work, and of the service what works', async () => {
    await vi.waitFor(async () => {
      for (const { url } of [api, brain, hands]) expect(await statusOf(url, '/readyz')).toBe(200);
    }, soon);
    for (const { url } of [api, brain, hands]) {
      expect(await statusOf(url, '/livez')).toBe(200);
      await vi.waitFor(async () => expect((await status(url)).status).toBe('ok'), soon);
    }
    const { parts } = await status();
    expect(parts['brains']?.figures).toEqual({ running: 1 });
    expect(parts['hands']).toMatchObject({
      figures: { running: 1, ready: 1, hosts_ready: 1, hosts_lost: 0 },
      hosts: [{ state: 'ready', driver: 'unsafe_local' }],
    });
    expect(await (await fetch(`${hands.url}/readyz`)).json()).toEqual({
      status: 'ready',
      checks: { database: { ok: true }, polls: { ok: true }, sandboxes: { ok: true } },
    });
  });

  it('say of an api that waits for its database that it is alive and not ready', async () => {
    const nobody = `postgres://127.0.0.1:${await pickFreePort()}/nothing`;
    const { process, url } = await start('server.ts', { MANAGED_AGENT_STORE_URL: nobody });
    await vi.waitFor(async () => expect(await statusOf(url, '/livez')).toBe(200), soon);
    expect(await statusOf(url, '/readyz')).toBe(503);
    expect(await status(url)).toEqual({ status: 'down', parts: { api: { state: 'down' } } });
    const refused = await fetch(`${url}/v1/agents`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    process.kill('SIGTERM');
    await process.ended;
  });

  it('name a worker whose settings lead past this service', async () => {
    const lost = await start('worker.ts', {
      MANAGED_AGENT_WORKER_ROLE: 'brain',
      MANAGED_AGENT_TEMPORAL_TASK_QUEUE: `${services.taskQueue}-typo`,
    });
    await vi.waitFor(async () => expect(await state('settings')).toBe('degraded'), soon);
    expect((await status()).parts['settings']?.detail).toContain(
      `temporal.task_queue is "${services.taskQueue}-typo" there`,
    );
    lost.process.kill('SIGTERM');
    await lost.process.ended;
    await vi.waitFor(async () => expect(await state('settings')).toBe('ok'), soon);
  });

  it('tell within seconds that all hands are gone, while the api takes messages', async () => {
    hands.process.kill('SIGKILL');
    const killedAt = performance.now();
    await vi.waitUntil(async () => (await state('hands')) === 'down', soon);
    console.log(`/status knew of the killed hands after ${Math.round(performance.now() - killedAt)} ms`);
    expect(await status()).toMatchObject({
      status: 'down',
      parts: { hands: { hosts: [{ state: 'lost' }] } },
    });
    expect(await statusOf(api.url, '/status')).toBe(503);
    expect(await statusOf(api.url, '/readyz')).toBe(200);
    hands = await start('worker.ts', { MANAGED_AGENT_WORKER_ROLE: 'hands' });
    await vi.waitUntil(async () => (await status()).status === 'ok', soon);
  });

  it('tell of a brain that stands still with its lock held', async () => {
    brain.process.kill('SIGSTOP');
    await vi.waitUntil(async () => (await state('brains')) === 'down', soon);
    expect((await status()).parts['brains']?.figures).toEqual({ running: 0 });
    expect(await statusOf(api.url, '/readyz')).toBe(200);
    brain.process.kill('SIGCONT');
    await vi.waitUntil(async () => (await status()).status === 'ok', soon);
  });
});
