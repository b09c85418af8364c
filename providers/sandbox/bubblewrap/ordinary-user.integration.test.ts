import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';

const UID = 54_321;
const ROOT = join(import.meta.dirname, '../../..');
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const CONFIG = join(import.meta.dirname, 'ordinary-user.config.ts');

/** Whether another user can read this checkout. */
function isPassable(folder: string): boolean {
  return (
    (statSync(folder).mode & 0o005) === 0o005 && (folder === dirname(folder) || isPassable(dirname(folder)))
  );
}

/**
 * Runs suites of this folder as a user who is not root. With `subordinate`, in a mount namespace whose /etc gives that user a range of
 * subordinate ids.
 */
function runAs(
  home: string,
  suites: readonly string[],
  subordinate: readonly string[] = [],
): { status: number | null; output: string } {
  const mounts = subordinate.map((name) => `mount --bind ${join(home, name)} /etc/${name} && `).join('');
  const script = `${mounts}exec setpriv --reuid=${UID} --regid=${UID} --clear-groups env -i HOME=${home} PATH=/usr/bin:/bin "$@"`;
  const words = [process.execPath, VITEST, 'run', '--configLoader', 'native', '--config', CONFIG, ...suites];
  const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('the bubblewrap driver of a service that is not root', () => {
  const home = mkdtempSync(join(tmpdir(), 'ordinary-user-'));
  chownSync(home, UID, UID);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function checkPlace({ skip }: TestContext): void {
    if (process.getuid?.() !== 0) skip('this suite runs as an ordinary user already');
    if (!isPassable(ROOT)) skip('other users cannot read this checkout');
  }

  it('keeps the contract, isolates and bounds with one user id', { timeout: 900_000 }, (context) => {
    checkPlace(context);
    const { status, output } = runAs(home, [
      'driver',
      'isolation',
      'limits',
      'network',
      'faults',
      'programs',
      'sources',
      'state',
    ]);
    expect(status, output).toBe(0);
  });

  it('keeps the contract, isolates and bounds with subordinate ids', { timeout: 900_000 }, (context) => {
    checkPlace(context);
    if (!existsSync('/usr/bin/newuidmap')) context.skip('newuidmap is not installed (Debian: uidmap)');
    for (const name of ['subuid', 'subgid']) {
      if (!existsSync(`/etc/${name}`)) context.skip(`/etc/${name} is missing`);
      writeFileSync(join(home, name), `ordinary:1000000000:65536\n`);
    }
    accessSync('/etc/passwd', constants.R_OK);
    writeFileSync(
      join(home, 'passwd'),
      `${readFileSync('/etc/passwd', 'utf8')}ordinary:x:${UID}:${UID}::${home}:/bin/sh\n`,
    );
    const { status, output } = runAs(
      home,
      ['driver', 'isolation', 'limits', 'network', 'sources'],
      ['passwd', 'subuid', 'subgid'],
    );
    expect(status, output).toBe(0);
  });
});
