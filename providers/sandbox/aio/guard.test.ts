import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';

import type { AioApi } from './api.ts';
import { createGuard } from './guard.ts';

it('parses no answer of very many values', async () => {
  const stdout = `{"files":[${'{},'.repeat(200_000)}0]}`;
  const call: AioApi['call'] = async (_method, _path, schema) =>
    schema.parse({ session_id: 's', status: 'completed', exit_code: 0, stdout });
  const guard = createGuard({ call } as AioApi, 'sesn_1', '/root');
  await expect(guard.ask('outputs', z.unknown())).rejects.toThrow(
    "the guard's answer to outputs holds more than 100000 values",
  );
});

it('lets two workers set a session up at the same time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  const [root, link] = [join(folder, 'root'), join(folder, 'uploads')];
  const source = ['./archive.py', './guard.py']
    .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
    .join('\n\n');
  // Whoever looks sees nothing there, as one does a moment before another one makes it.
  const blind = `import os\nos.path.lexists = lambda path: False\n${source}`;
  const request = {
    verb: 'setup',
    root,
    session: 'sesn_1',
    wait: 0,
    generation: null,
    folders: [join(folder, 'workspace')],
    links: { [link]: join(folder, 'workspace') },
    kept: { home: folder },
  };
  const argument = Buffer.from(JSON.stringify(request)).toString('base64');
  try {
    for (const worker of ['first', 'second']) {
      const { stdout } = await promisify(execFile)('python3', ['-c', blind, argument]);
      expect(JSON.parse(stdout), worker).toMatchObject({ holds: false });
    }
    expect(readlinkSync(link)).toBe(join(folder, 'workspace'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
