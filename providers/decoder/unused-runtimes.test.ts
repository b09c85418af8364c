import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { testDecoder } from '../../test/harness/test-decoder.ts';
import { noteUse } from '../host/unused-folders.ts';
import { removeUnusedRuntimes } from './unused-runtimes.ts';

const DAY_MS = 24 * 3_600_000;
let base: string;
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'runtimes-'));
  // Decoders run as a user of their own.
  chmodSync(base, 0o755);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function runtime(name: string, days: number): string {
  const folder = path.join(base, 'runtime', name);
  mkdirSync(path.join(folder, 'jobs'), { recursive: true });
  writeFileSync(path.join(folder, 'main.mjs'), '');
  const then = new Date(Date.now() - days * DAY_MS);
  utimesSync(folder, then, then);
  return folder;
}
const left = (): string[] => readdirSync(path.join(base, 'runtime')).sort();

it('removes the runtimes of versions that nobody uses any more, and nothing else', () => {
  const current = runtime('decoder-0000000000000001', 30);
  runtime('decoder-0000000000000002', 30);
  runtime('decoder-0000000000000003', 5);
  runtime('decoder-0000000000000004.123-456', 30);
  runtime('decoder-0000000000000005.leaving', 30);
  runtime('0000000000000006', 30);
  runtime('system-4-x64', 30);
  removeUnusedRuntimes(base, current);
  expect(left()).toEqual([
    '0000000000000006',
    'decoder-0000000000000001',
    'decoder-0000000000000003',
    'system-4-x64',
  ]);
});

it('keeps one that a process of another version has noted to use', () => {
  const other = runtime('decoder-0000000000000002', 30);
  const end = noteUse(other);
  removeUnusedRuntimes(base, runtime('decoder-0000000000000001', 0));
  end();
  expect(left()).toContain('decoder-0000000000000002');
});

it('is done by a decoder that starts, which notes its own and makes it again when it is gone', async () => {
  runtime('decoder-0000000000000002', 30);
  const decoder = testDecoder({ folder: base, isolations: ['permissions'], idleMs: 10 });
  const ask = async () =>
    decoder.decode(
      {
        kind: 'page',
        workspaceId: 'w',
        value: { url: 'https://example.com', mediaType: 'text/plain', charset: '' },
        parts: [Buffer.from('said')],
        milliseconds: 20_000,
        answerBytes: 1_000,
      },
      new AbortController().signal,
    );
  try {
    await ask();
    const [own = '', ...others] = left();
    expect(others).toEqual([]);
    const folder = path.join(base, 'runtime', own);
    expect(Date.now() - statSync(folder).mtimeMs).toBeLessThan(DAY_MS);
    rmSync(folder, { recursive: true });
    expect(await ask()).toMatchObject({ ok: true });
  } finally {
    await decoder.close();
  }
});
