import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { diskUsage } from './disk-usage.ts';

const folder = mkdtempSync(join(tmpdir(), 'disk-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const measure = (path: string): ReturnType<typeof diskUsage> =>
  diskUsage([folder], { PATH: path, LANG: 'C.UTF-8' }, (look) => look());

it('takes nothing for an answer of du but its totals: somebody may have ended it', async () => {
  writeFileSync(join(folder, 'file'), 'x'.repeat(10_000));
  const { bytes, files } = await measure('/usr/bin:/bin');
  expect(bytes).toBeGreaterThanOrEqual(10_000);
  expect(files).toBeGreaterThanOrEqual(2);
  for (const script of ['kill -9 $$', 'echo "1\t/home"; kill -9 $$']) {
    writeFileSync(join(folder, 'du'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await expect(measure(`${folder}:/usr/bin:/bin`)).rejects.toThrow('du gave no totals');
  }
});
