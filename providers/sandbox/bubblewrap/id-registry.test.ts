import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { createIdRegistry } from './id-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'id-registry-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('gives nobody the ids that a session has by its own notes', async () => {
  const range = { first: 1_950_000_000, count: 2 };
  const session = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const before = createIdRegistry(join(folder, 'lost'), range, 1);
  const first = await before.claim(session('one'));
  rmSync(join(folder, 'lost'), { recursive: true });

  const registry = createIdRegistry(join(folder, 'ids'), range, 1);
  registry.adopt(session('one'), first);
  registry.adopt(session('two'), first);
  const second = await registry.claim(session('two'));
  expect(second).not.toBe(first);
  await expect(registry.claim(session('three'))).rejects.toThrow('All 2 user id blocks');
  registry.release(session('one'), first);
  expect(await registry.claim(session('three'))).toBe(first);
  expect(existsSync(join(folder, 'ids', String(first)))).toBe(true);
});
