import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openSpool } from './spool.ts';

const MIB = 1024 * 1024;

describe('a spool', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('shows short output whole', () => {
    const spool = openSpool(join(folder, 'output'), 4 * MIB);
    spool.write(Buffer.from('hel'));
    spool.write(Buffer.from('lo\n'));
    expect(spool.render(100, '/kept')).toEqual({ text: 'hello\n', bytes: 6, preview: false });
  });
  it('goes on where an earlier one stopped', () => {
    openSpool(join(folder, 'output'), 4 * MIB).write(Buffer.from('before '));
    const spool = openSpool(join(folder, 'output'), 4 * MIB);
    spool.write(Buffer.from('after'));
    expect(spool.render(100, '/kept').text).toBe('before after');
  });
  it('shows the beginning and the end of long output, and keeps all of it', () => {
    const spool = openSpool(join(folder, 'output'), 4 * MIB);
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index} 語\n`).join('');
    spool.write(Buffer.from(lines));
    const { text, preview } = spool.render(100_000, '/kept');
    expect(preview).toBe(true);
    expect(text.length).toBeLessThan(100_000);
    expect(text).toMatch(/^line 0 語\n/);
    expect(text).toMatch(/line 29999 語\n$/);
    expect(text).toContain('all of it is saved at /kept');
    expect(text).not.toContain('\ufffd');
    spool.keep(join(folder, 'target'));
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe(lines);
  });
  it('stops writing the file at its bound, and still knows the end', () => {
    const spool = openSpool(join(folder, 'output'), 4 * MIB);
    const block = Buffer.alloc(MIB, 'x');
    for (let count = 0; count < 6; count++) spool.write(block);
    spool.write(Buffer.from('the very end'));
    const { text, bytes } = spool.render(100_000, '/kept');
    expect(bytes).toBe(6 * MIB + 12);
    expect(text).toMatch(/the very end$/);
    expect(text).toContain(`its first ${4 * MIB} bytes are saved at /kept`);
    expect(statSync(join(folder, 'output')).size).toBe(4 * MIB);
  });
  it('does not show binary output', () => {
    const spool = openSpool(join(folder, 'output'), 4 * MIB);
    spool.write(Buffer.from([1, 2, 0, 3]));
    expect(spool.render(100, '/kept').text).toBe('[binary output, 4 bytes, saved at /kept]');
  });
});
