import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { placesOf } from '../../places.ts';
import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';
import { sessionFolder } from '../session-folder.ts';

const MIB = 1024 * 1024;
const LIMITS = { diskBytes: 64 * MIB, diskFiles: 3_000, fileBytes: 1_024 * MIB };
const isRoot = process.getuid?.() === 0;
/** Whether this host lets root mount a file, as in a container it may not. */
const canMount =
  isRoot &&
  spawnSync('sh', [
    '-c',
    'f=$(mktemp) && truncate -s 4M $f && mkfs.ext4 -q $f && d=$(mktemp -d) && unshare -m mount -o loop $f $d; s=$?; rm -rf $f $d; exit $s',
  ]).status === 0;

function devicesOf(image: string): string[] {
  return readdirSync('/sys/block').filter((name) => {
    const file = `/sys/block/${name}/loop/backing_file`;
    return existsSync(file) && readFileSync(file, 'utf8').startsWith(image);
  });
}

describe.runIf(canMount)('a session with a file system of its own size (needs root and loop devices)', () => {
  const lab = createSandboxLab({ sizesDisks: true, limits: LIMITS });
  afterAll(() => lab.close());
  const folderOf = (sandbox: Sandbox) =>
    sessionFolder(placesOf(lab.dataFolder, 0).base, sandbox.spec.sessionId);
  const onHost = (sandbox: Sandbox): number => statSync(folderOf(sandbox).image).blocks * 512;

  beforeAll(async () => {
    expect((await lab.driver.probe()).limits).toContain('Disk: a file system of its own size per session.');
  });

  it.each([
    ['allocated', 'for i in 1 2 3; do fallocate -l 900M f$i; done'],
    ['in closed folders', 'mkdir c; exec 3>c/f; chmod 0 c; head -c 500M /dev/zero >&3'],
    ['deleted and open', 'exec 3>gone; rm gone; head -c 500M /dev/zero >&3'],
    ['in the records of the shell', 'head -c 500M /dev/zero > /run/sandboxd/shell/x'],
  ])('never has more than its size, also when it is %s', async (_how, command) => {
    const sandbox = lab.sandbox();
    const result = await lab.bash(sandbox, `${command}; sleep 3`, 60_000);
    const isHeld =
      /No space left|disk limit of the sandbox/.test(result.text) || result.exit?.endedBy === 'limit';
    expect(isHeld, JSON.stringify(result)).toBe(true);
    expect(onHost(sandbox)).toBeLessThan(100 * MIB);
    // A full sandbox can be tidied.
    expect((await lab.bash(sandbox, 'chmod -R u+rwx .; rm -rf *; echo tidy')).text).toContain('tidy');
    await lab.driver.stop(sandbox.spec.sessionId);
  });

  it('keeps its files over a stop and a kill of everything, and leaves no mount and no device', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'echo kept > kept; sync');
    const { image } = folderOf(sandbox);
    expect(devicesOf(image)).toHaveLength(1);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(lab.dataFolder);
    await lab.driver.stop(sandbox.spec.sessionId);
    expect(devicesOf(image)).toEqual([]);
    expect((await lab.bash(sandbox, 'cat kept')).text).toContain('kept');
    const owners = Object.values(folderOf(sandbox).identity() ?? {}).filter((id) => typeof id === 'number');
    for (const uid of owners) spawnSync('pkill', ['-9', '-U', String(uid)]);
    while (devicesOf(image).length > 0) await delay(20);
    expect((await lab.bash(sandbox, 'cat kept; df --output=fstype /workspace | tail -n 1')).text).toMatch(
      /kept\next4/,
    );
    await lab.driver.destroy(sandbox.spec.sessionId);
    expect(devicesOf(image)).toEqual([]);
    expect(existsSync(image)).toBe(false);
  });

  it('gives space back to the host when files are removed', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'head -c 40M /dev/urandom > big; sync');
    const full = onHost(sandbox);
    await lab.bash(sandbox, 'rm big; sync');
    for (let round = 0; onHost(sandbox) > full - 30 * MIB && round < 100; round++) await delay(100);
    expect(onHost(sandbox)).toBeLessThan(full - 30 * MIB);
  });

  it('goes on with the folders of a session that was made without', async () => {
    const before = createSandboxLab({ limits: LIMITS });
    try {
      // The labs number their sessions alike.
      for (let taken = 0; taken < 40; taken++) before.sandbox();
      const sandbox = before.sandbox();
      await before.bash(sandbox, 'echo old > old');
      await before.driver.stop(sandbox.spec.sessionId);
      const script = `cp -a ${before.dataFolder}/sandboxes ${lab.dataFolder}/`;
      execFileSync('sh', ['-c', script]);
      const again = lab.driver.open(sandbox.spec);
      expect((await lab.bash(again, 'cat old')).text).toContain('old');
      expect(existsSync(folderOf(again).image)).toBe(false);
    } finally {
      await before.close();
    }
  });

  it('says why it does not start when its disk is no file system any more', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'true');
    await lab.driver.stop(sandbox.spec.sessionId);
    const { image } = folderOf(sandbox);
    execFileSync('truncate', ['-s', '0', image]);
    await expect(lab.bash(sandbox, 'true')).rejects.toMatchObject({ code: 'sandbox_unavailable' });
    rmSync(image);
  });
});
