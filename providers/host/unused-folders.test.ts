import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeUnused } from './unused-folders.ts';

const DAY_MS = 24 * 3_600_000;
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'unused-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

it('keeps what runs from a folder, however old it is', async () => {
  const name = `cafe${Math.random().toString(16).slice(2, 14).padEnd(12, '0')}`;
  mkdirSync(path.join(parent, name));
  const old = new Date(Date.now() - 30 * DAY_MS);
  utimesSync(path.join(parent, name), old, old);
  const wanted = { fits: /^[0-9a-f]{16}$/, current: path.join(parent, 'current'), unusedMs: 7 * DAY_MS };
  const running = spawn('/bin/sh', ['-c', 'echo; read _', path.join(parent, name, 'main')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(running.stdout, 'data');
  expect(removeUnused(parent, wanted)).toEqual([]);
  running.stdin.end();
  await once(running, 'close');
  expect(removeUnused(parent, wanted)).toEqual([name]);
  expect(readdirSync(parent)).toEqual([]);
});
