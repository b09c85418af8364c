import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';

import { realDockerHost, startEngineUnderTest } from '../../../test/harness/docker-engine/under-test.ts';
import { sandboxContract } from '../contract.ts';
import type { SandboxDriver } from '../sandbox.ts';
import { createDockerDriver } from './driver.ts';

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

const title = `docker, on ${realDockerHost === undefined ? "the engine's double" : 'a real engine'},`;
if (realDockerHost !== undefined || process.getuid?.() === 0) {
  const make = async (): Promise<SandboxDriver> => {
    const { host, image, close } = await startEngineUnderTest();
    cleanups.push(close);
    return createDockerDriver({ dataFolder: newFolder(), image, host, network: null, log: () => {} });
  };
  sandboxContract(title, make, undefined, 'real');
} else {
  describe(title, () => {
    it.skip('needs root, for network namespaces; or MANAGED_AGENT_TEST_DOCKER_HOST, a real engine', () => {});
  });
}
