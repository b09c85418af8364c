import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';

import { startAioDouble } from '../../../test/harness/aio/server.ts';
import { sandboxContract } from '../contract.ts';
import { createAioDriver } from './driver.ts';

/** A URL with `{session_id}`, or the URLs of a pool of fresh containers, separated by commas: at least thirty. */
const realUrls = process.env['MANAGED_AGENT_TEST_AIO_URL'];
const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aio-driver-'));
  chmodSync(folder, 0o755);
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

if (realUrls !== undefined) {
  const urls = realUrls.includes('{session_id}') ? realUrls : realUrls.split(',');
  const apiKey = process.env['MANAGED_AGENT_TEST_AIO_API_KEY'] ?? null;
  sandboxContract(
    'aio, on real containers,',
    () => Promise.resolve(createAioDriver({ dataFolder: newFolder(), urls, apiKey, log: () => {} })),
    undefined,
    'real',
  );
} else if (process.getuid?.() === 0) {
  sandboxContract(
    "aio, on AIO's double,",
    async () => {
      const double = await startAioDouble();
      cleanups.push(() => double.close());
      const { apiKey, url } = double;
      const urls = `${url}/{session_id}`;
      return createAioDriver({ dataFolder: newFolder(), urls, apiKey, log: () => {} });
    },
    undefined,
    'real',
  );
} else {
  describe("aio, on AIO's double,", () => {
    it.skip('needs root, for namespaces; or MANAGED_AGENT_TEST_AIO_URL, real containers', () => {});
  });
}
