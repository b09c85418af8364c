import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findTemporalCli } from './find-cli.ts';
import { CACHED_CLI_PATHS } from './release.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'find-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function makeProgram(name: string, output: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho '${output}'\n`);
  chmodSync(file, 0o755);
  return file;
}

const chosen = makeProgram('chosen/my-temporal', 'temporal version 1.1.0 (Server 1.21.0, UI 2.1.0)');
const onPath = makeProgram('bin/temporal', 'temporal version 1.2.0 (Server 1.22.0, UI 2.2.0)');
const cached = makeProgram(
  `cache/${CACHED_CLI_PATHS[0]}`,
  'temporal version 1.3.0 (Server 1.23.0, UI 2.3.0)',
);
const stranger = makeProgram('other/temporal', 'a clock, version 7');

const cacheDir = path.join(folder, 'cache');
const nothing = { temporalCli: null, searchPath: '', cacheDir: path.join(folder, 'empty') };

it('takes the CLI that was chosen by hand before any other', async () => {
  const found = await findTemporalCli({ temporalCli: chosen, searchPath: path.dirname(onPath), cacheDir });
  expect(found).toEqual({ path: chosen, source: 'TEMPORAL_CLI', version: '1.1.0', serverVersion: '1.21.0' });
});

it('takes the one on PATH before the cached one', async () => {
  const found = await findTemporalCli({ temporalCli: null, searchPath: path.dirname(onPath), cacheDir });
  expect(found).toMatchObject({ path: onPath, source: 'PATH', serverVersion: '1.22.0' });
});

it('passes over a program of that name that is something else', async () => {
  const found = await findTemporalCli({ temporalCli: null, searchPath: path.dirname(stranger), cacheDir });
  expect(found).toMatchObject({ path: cached, source: 'cache' });
});

it('refuses a chosen program that is no Temporal CLI, instead of taking another', async () => {
  const run = findTemporalCli({ temporalCli: stranger, searchPath: path.dirname(onPath), cacheDir });
  await expect(run).rejects.toThrow(/TEMPORAL_CLI names .*other\/temporal/);
});

it('says what to do when there is none', async () => {
  await expect(findTemporalCli(nothing)).rejects.toThrow(/npm run setup/);
});
