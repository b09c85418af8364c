import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';

import { startDockerEngine } from '../../../test/harness/docker-engine/engine.ts';
import { sandboxContract } from '../contract.ts';
import { createDockerDriver } from './driver.ts';

const realEngine = process.env['MANAGED_AGENT_TEST_DOCKER_HOST'];
const image = process.env['MANAGED_AGENT_TEST_DOCKER_IMAGE'] ?? 'managed-agent-sandbox';
const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'docker-driver-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

if (realEngine !== undefined) {
  sandboxContract('docker, on a real engine,', () =>
    Promise.resolve(
      createDockerDriver({ dataFolder: newFolder(), image, host: realEngine, network: null, log: () => {} }),
    ),
  );
} else if (process.getuid?.() === 0) {
  sandboxContract("docker, on the engine's double,", async () => {
    const engine = await startDockerEngine();
    cleanups.push(() => engine.close());
    return createDockerDriver({
      dataFolder: newFolder(),
      image,
      host: engine.host,
      network: null,
      log: () => {},
    });
  });
} else {
  describe("docker, on the engine's double,", () => {
    it.skip('needs root, for network namespaces; or MANAGED_AGENT_TEST_DOCKER_HOST, a real engine', () => {});
  });
}
