import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';

import { startDockerEngine } from '../../../test/harness/docker-engine/engine.ts';
import { sandboxContract } from '../contract.ts';
import type { SandboxDriver } from '../sandbox.ts';
import { createDockerDriver } from './driver.ts';

const realEngine = process.env['MANAGED_AGENT_TEST_DOCKER_HOST'];
const image = process.env['MANAGED_AGENT_TEST_DOCKER_IMAGE'] ?? 'managed-agent-sandbox';
const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'docker-driver-'));
  chmodSync(folder, 0o755);
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function contract(name: string, make: () => Promise<SandboxDriver>): void {
  sandboxContract(name, make, undefined, 'saves', 'real');
}
function newDriver(host: string): SandboxDriver {
  return createDockerDriver({ dataFolder: newFolder(), image, host, network: null, log: () => {} });
}

if (realEngine !== undefined) {
  contract('docker, on a real engine,', () => Promise.resolve(newDriver(realEngine)));
} else if (process.getuid?.() === 0) {
  contract("docker, on the engine's double,", async () => {
    const engine = await startDockerEngine();
    cleanups.push(() => engine.close());
    return newDriver(engine.host);
  });
} else {
  describe("docker, on the engine's double,", () => {
    it.skip('needs root, for network namespaces; or MANAGED_AGENT_TEST_DOCKER_HOST, a real engine', () => {});
  });
}
