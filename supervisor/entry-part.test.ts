import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entryPart } from './entry-part.ts';
import { keepRunning } from './keep-running.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'entry-part-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const part = () =>
  entryPart({
    name: 'api',
    // One process: a shell forks for what it runs, and that child bears the shell's arguments until it runs it.
    command: [process.execPath, '-e', 'setTimeout(() => {}, 60_000)', dataDir],
    folder: '/',
    dataDir,
    say: () => {},
    inherited: { PATH: '/usr/bin:/bin' },
    settings: () => ({}),
    healthy: () => Promise.resolve(true),
    drainMs: 1_000,
  });

/** Processes that were started with the data folder's name. */
function started(): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(dataDir)
      );
    } catch {
      return false;
    }
  });
}

it.runIf(process.platform === 'linux')('leaves no process behind that it cannot write down', async () => {
  // Nothing can be written there, as on a disk that is full.
  mkdirSync(path.join(dataDir, 'run', 'api.json.new'), { recursive: true });
  await expect(part().start(new AbortController().signal)).rejects.toThrow('EISDIR');
  expect(started()).toEqual([]);
});

it.runIf(process.platform === 'linux')(
  'leaves no process behind whose first start cannot be told',
  async () => {
    const refuse = () => {
      throw new Error('the disk is full');
    };
    await expect(keepRunning(part(), () => {}, refuse, new AbortController().signal)).rejects.toThrow(
      'the disk is full',
    );
    expect(started()).toEqual([]);
  },
);
