import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { expect, it, vi } from 'vitest';
import { loadConfig } from '../config.ts';
import { startTelemetry } from './telemetry.ts';

it('serves metrics and probes of a worker as soon as the one before it has let go of the port', async () => {
  const before = createServer();
  await new Promise<void>((resolve) => void before.listen(0, '127.0.0.1', resolve));
  const { port } = before.address() as AddressInfo;
  const env = { MANAGED_AGENT_DATA_DIR: '/nowhere', MANAGED_AGENT_TELEMETRY_WORKER_PORT: String(port) };
  const health = {
    readiness: { report: async () => ({ ready: true, checks: {} }) },
    status: { report: async () => ({ status: 'ok' as const, parts: {} }) },
  };
  const log = pino({ level: 'silent' });
  const telemetry = await startTelemetry(loadConfig({ env, part: 'worker' }), log, 'worker', health, 50);
  try {
    await new Promise((resolve) => before.close(resolve));
    const status = async () => (await fetch(`http://127.0.0.1:${port}/livez`)).status;
    await vi.waitFor(async () => expect(await status()).toBe(200), { timeout: 20_000 });
  } finally {
    await telemetry.close();
  }
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
});
