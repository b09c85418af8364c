import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readBootLog } from './read-boot-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'boot-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('gives the beginning of what was written', () => {
  writeFileSync(join(folder, 'boot.log'), `  said ${'x'.repeat(5_000)}`);
  expect(readBootLog(join(folder, 'boot.log'))).toMatch(/^said x+$/);
  expect(readBootLog(join(folder, 'boot.log'))).toHaveLength(2_000);
});

it('gives nothing where the log went with its session', () => {
  expect(readBootLog(join(folder, 'gone.log'))).toBe('');
});

it('throws what else goes wrong', () => {
  expect(() => readBootLog(folder)).toThrow(/EISDIR/);
});
