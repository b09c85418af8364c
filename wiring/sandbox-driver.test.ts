import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { afterAll, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { defaultMaxRunning, memoryHere } from '../providers/sandbox/room/default-running.ts';
import { sandboxDriver } from './sandbox-driver.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sandbox-driver-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function mostRunning(settings: Record<string, string>): Promise<number | undefined> {
  const file = path.join(folder, 'empty.yaml');
  writeFileSync(file, '');
  const env = {
    MANAGED_AGENT_DATA_DIR: folder,
    MANAGED_AGENT_SANDBOX_DRIVER: 'unsafe_local',
    ...settings,
  };
  const driver = sandboxDriver(loadConfig({ file, env }), pino({ level: 'silent' }), async () => {
    throw new Error('no sandbox is started here');
  });
  const { maxRunning, limits = [] } = (await driver?.probe()) ?? {};
  expect(limits.join(' ').includes('sandbox.max_running')).toBe(maxRunning !== undefined);
  await driver?.close();
  return maxRunning;
}

it('lets as many sandboxes run as the settings say, else as many as the memory here holds', async () => {
  expect(await mostRunning({})).toBe(defaultMaxRunning(memoryHere()));
  expect(await mostRunning({ MANAGED_AGENT_SANDBOX_MAX_RUNNING: '7' })).toBe(7);
  expect(await mostRunning({ MANAGED_AGENT_SANDBOX_MAX_RUNNING: '0' })).toBeUndefined();
});
