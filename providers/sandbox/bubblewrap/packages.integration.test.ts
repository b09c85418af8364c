import { lookup } from 'node:dns/promises';
import { afterAll, describe, expect, it } from 'vitest';

import type { SandboxPackages } from '../environment.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';

const none: SandboxPackages = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

async function isReachable(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}

/** Where the registry is for this machine: a mirror may have an address that is not public. */
const registry = await lookup('registry.npmjs.org', { all: true }).catch(() => []);

describe('the packages of an environment', () => {
  const starts: string[] = [];
  let packages: SandboxPackages = none;
  const lab = createSandboxLab({
    environmentOf: () => Promise.resolve({ network: { mode: 'none' }, packages }),
    privateNetworks: registry.map(({ address }) => address),
    log: (message, details) => {
      if (message === 'sandbox started') starts.push(String(details?.['session']));
    },
  });
  afterAll(() => lab.close());

  it(
    'are installed once, are there in every session, and cannot be changed by one',
    { timeout: 180_000 },
    async ({ skip }) => {
      if (!(await isReachable('https://registry.npmjs.org/is-odd')))
        skip('the npm registry cannot be reached from here');
      packages = { ...none, npm: ['is-odd@3.0.1'] };
      for (const sandbox of [lab.sandbox(), lab.sandbox()]) {
        expect((await lab.bash(sandbox, `node -e "console.log(require('is-odd')(3))"`)).text).toBe('true\n');
        expect((await lab.bash(sandbox, 'touch /opt/packages/x')).text).toContain('Read-only file system');
      }
      expect(starts.filter((session) => session.startsWith('packages-'))).toHaveLength(1);
    },
  );
  it('that cannot be installed are named in the error', { timeout: 180_000 }, async () => {
    packages = { ...none, npm: ['this-package-does-not-exist-for-sure-0'] };
    await expect(lab.bash(lab.sandbox(), 'true')).rejects.toThrow(
      /npm packages of the environment \(this-package-does-not-exist-for-sure-0\)/,
    );
  });
});
