import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createRecords, type Records } from './record.ts';

const KIB = 1024;
let calls: string;
let records: Records;
beforeEach(() => {
  calls = mkdtempSync(join(tmpdir(), 'records-'));
  // An eighth of it is for the records.
  records = createRecords(calls, 800 * KIB);
});
afterEach(() => rmSync(calls, { recursive: true, force: true }));

function run(id: string, text: string): void {
  const operation = { type: 'read', path: 'x' } as const;
  records.claim(id, { operation, boot: 'boot', startedAt: 0 });
  records.finish(id, { state: 'finished', result: { text, isError: false } });
  records.prune();
}

it('removes the oldest when they are too large together, never the newest or what has not ended', async () => {
  records.claim('running', { operation: { type: 'restart' }, boot: 'boot', startedAt: 0 });
  for (const id of ['one', 'two', 'three']) {
    run(id, 'x'.repeat(45 * KIB));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  expect(records.all().sort()).toEqual(['running', 'three', 'two']);
  run('huge', 'x'.repeat(200 * KIB));
  expect(records.all().sort()).toEqual(['huge', 'running']);
  expect(records.end('huge')).toMatchObject({ state: 'finished' });
});
it('keeps twice as many as run at once, and no more', () => {
  for (let index = 0; index < 140; index++) run(`call-${index}`, 'text');
  const kept = records.all();
  expect(kept).toHaveLength(128);
  expect(kept).toContain('call-139');
});

it('lets alone what is no record', () => {
  writeFileSync(join(calls, 'file'), '');
  run('one', 'text');
  expect(records.all()).toEqual(['one']);
  expect(records.unfinished()).toEqual([]);
  expect(existsSync(join(calls, 'file'))).toBe(true);
});
