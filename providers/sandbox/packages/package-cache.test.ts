import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { AppError } from '../../../core/errors.ts';
import type { SandboxPackages } from '../environment.ts';
import { createPackageCache, type PackageCache } from './package-cache.ts';
import { createPackageFolders } from './package-folders.ts';

const none: SandboxPackages = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };
const some = { ...none, pip: ['six'] };

describe('the package cache', () => {
  let base: string;
  let installs: string[];
  let discards: number;
  let failure: Error | null;
  const makeCache = (): PackageCache =>
    createPackageCache(
      createPackageFolders({
        base,
        async install(name) {
          installs.push(name);
          await new Promise((resolve) => {
            setTimeout(resolve, 50);
          });
          if (failure !== null) throw failure;
        },
        discard() {
          discards++;
          return Promise.resolve();
        },
      }),
      base,
    );
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'packages-'));
    installs = [];
    discards = 0;
    failure = null;
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('has nothing to do without packages', async () => {
    expect(await makeCache().ensure(undefined)).toBeNull();
    expect(await makeCache().ensure(none)).toBeNull();
    expect(installs).toEqual([]);
  });
  it('installs a set once, for callers at the same time and for later ones, in this process and in others', async () => {
    const cache = makeCache();
    const [first, second] = await Promise.all([cache.ensure(some), makeCache().ensure(some)]);
    expect(first).toEqual(second);
    expect(await makeCache().ensure(some)).toEqual(first);
    expect(installs).toHaveLength(1);
    await cache.ensure({ ...some, pip: ['six', 'attrs'] });
    expect(installs).toHaveLength(2);
  });
  it('clears what a failed attempt left, and does not repeat it at once', async () => {
    const cache = makeCache();
    failure = new AppError('sandbox_unavailable', 'no such package');
    await expect(cache.ensure(some)).rejects.toThrow('no such package');
    await expect(cache.ensure(some)).rejects.toThrow('no such package');
    expect(installs).toHaveLength(1);
    failure = null;
    expect(await makeCache().ensure(some)).not.toBeNull();
    expect(discards).toBe(1);
  });
});
