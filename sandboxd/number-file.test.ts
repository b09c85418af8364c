import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readNumberFile } from './number-file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'number-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['', undefined],
  ['12', undefined],
  ['12\n', 12],
  ['0\n', 0],
  ['x\n', undefined],
])('reads %j as %s', (text, number) => {
  const file = path.join(folder, 'file');
  writeFileSync(file, text);
  expect(readNumberFile(file)).toBe(number);
  expect(readNumberFile(path.join(folder, 'none'))).toBeUndefined();
});
