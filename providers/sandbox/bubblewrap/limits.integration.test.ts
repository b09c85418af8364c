import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import { readProcess } from '../../../sandboxd/processes.ts';
import type { Sandbox } from '../sandbox.ts';
import { placesOf } from '../places.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';
import { detectCgroups } from './detect-cgroups.ts';
import { sessionFolder } from './session-folder.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const uid = process.getuid?.() ?? -1;

describe('a bubblewrap sandbox is bounded in', () => {
  const lab = createSandboxLab({
    limits: {
      processes: 100,
      openFiles: 256,
      fileBytes: 8 * MIB,
      dataBytes: GIB,
      memoryBytes: 512 * MIB,
      diskBytes: GIB,
      diskFiles: 2_000,
      shmBytes: 4 * MIB,
      tmpBytes: 4 * MIB,
      cpus: 0.5,
    },
  });
  afterAll(() => lab.close());
  const sh = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await lab.bash(sandbox, command, 60_000)).text;

  it('processes, whatever else its user runs on the host', async () => {
    /** Forks until it may not any more, and tells how often it could. */
    const forks =
      'my ($n, @children) = (0); while ($n < 300) { my $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } push @children, $p; $n++ } print "$n $!\\n"; kill 9, @children';
    const count = async (sandbox: Sandbox): Promise<number> => {
      const text = await sh(sandbox, `perl -e '${forks}'`);
      expect(text).toContain('Resource temporarily unavailable');
      return Number(text.split(' ')[0]);
    };
    const [one, other] = [lab.sandbox(), lab.sandbox()];
    const running = lab.bash(one, 'for i in $(seq 60); do sleep 60 & done; echo > ready; wait', 60_000);
    await lab.untilFile(one, 'ready');
    expect(await count(one)).toBeLessThan(40);
    // Each session has the whole number for itself.
    expect(await count(other)).toBeGreaterThan(70);
    await lab.perform(one, { type: 'restart' });
    await lab.bash(one, 'kill $(pgrep -f "sleep 60")');
    await running;
  });

  it('open files', async () => {
    const program =
      'import os\nn = 0\ntry:\n  while True: os.dup(0); n += 1\nexcept OSError as error: print(n, error.strerror)';
    expect(await sh(lab.sandbox(), `/usr/bin/python3 -c '${program}'`)).toMatch(
      /^2\d\d Too many open files\n$/,
    );
  });

  it('the size of a file, also of one with holes', async () => {
    const sandbox = lab.sandbox();
    const grown = await lab.bash(sandbox, 'head -c 20M /dev/zero > big; stat -c %s big');
    expect(grown.text).toContain(`${8 * MIB}\n`);
    expect((await lab.bash(sandbox, 'truncate -s 1T sparse')).text).toMatch(/File too large|File size limit/);
  });

  it('the memory of one process, which gets an error that it can handle', async () => {
    const program = 'try:\n  bytearray(64 * 1024 ** 3)\nexcept MemoryError: print("refused")';
    expect(await sh(lab.sandbox(), `/usr/bin/python3 -c '${program}'`)).toBe('refused\n');
  });

  it('the memory of all processes together', async () => {
    const sandbox = lab.sandbox();
    const hog = 'head -c 300M /dev/zero | tail -c 300M | sleep 4';
    const hogs = await lab.bash(sandbox, `(${hog}) & (${hog}) & (${hog}) & wait; echo over`, 60_000);
    // A control group ends single programs, the watch the whole command.
    expect(hogs.text.includes('over') || hogs.exit?.code === 137).toBe(true);
    const used = await sh(
      sandbox,
      'cat /proc/[0-9]*/statm 2>/dev/null | cut -d" " -f2 | paste -sd+ | tr -d "\\n"',
    );
    const pages = used.split('+').reduce((sum, part) => sum + Number(part), 0);
    expect(pages * 4_096).toBeLessThan(512 * MIB);
  });

  it('what /tmp and /dev/shm hold, which lie in memory', async () => {
    for (const folder of ['/tmp', '/dev/shm'])
      expect(await sh(lab.sandbox(), `head -c 6M /dev/zero > ${folder}/x`)).toContain(
        'No space left on device',
      );
  });

  it('the number of its files', async () => {
    const sandbox = lab.sandbox();
    const made = await lab.bash(sandbox, 'mkdir f; seq -f f/%g 3000 | xargs touch; sleep 60');
    expect(made.exit?.endedBy).toBe('limit');
    expect((await lab.bash(sandbox, 'rm -rf f; echo cleaned')).text).toContain('cleaned');
  });

  it('what background processes write, also when no call runs', async () => {
    const sandbox = lab.sandbox();
    const writer = 'for i in $(seq 100000); do seq -f "$i-%g" 50 | xargs touch; sleep 0.2; done';
    expect(await sh(sandbox, `mkdir f; cd f; setsid sh -c '${writer}' >/dev/null 2>&1 & sleep 0.1`)).toBe('');
    let [before, now] = [-1, 0];
    while (before !== now || now < 2_000) {
      await delay(4_000);
      before = now;
      // Seen from outside: a call would be watched by itself.
      now = readdirSync(join(folderOf(sandbox).paths.workspace, 'f')).length;
      expect(now).toBeLessThan(20_000);
    }
    expect(await sh(sandbox, 'echo alive')).toContain('Background processes were ended');
  });

  it('CPU time, memory and processes by the kernel as a whole, where the host has control groups', async ({
    skip,
  }) => {
    const { version } = detectCgroups(uid);
    if (version === 'none') return skip('this host gives the service no control groups');
    const sandbox = lab.sandbox();
    await sh(sandbox, 'true');
    const group = readFileSync(`/proc/${initOf(sandbox)}/cgroup`, 'utf8');
    const folder = (controller: string): string => {
      const path =
        new RegExp(`^\\d+:(?:${controller})?:(/managed-agent[-/]\\S+)$`, 'm').exec(group)?.[1] ?? '';
      return `/sys/fs/cgroup${version === 'v1' ? `/${controller}` : ''}${path}`;
    };
    const read = (controller: string, ones: string, twos: string): string =>
      readFileSync(`${folder(controller)}/${version === 'v1' ? ones : twos}`, 'utf8').trim();
    expect(read('cpu', 'cpu.cfs_quota_us', 'cpu.max').split(' ')[0]).toBe('50000');
    expect(read('memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(512 * MIB));
    expect(Number(read('pids', 'pids.max', 'pids.max'))).toBeGreaterThan(100);
  });

  it('what a command that computes for long takes from others, also from what it leaves in the background', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, '(while :; do :; done) > /dev/null 2>&1 & echo $! > pid');
    const nice = 'cut -d " " -f 19';
    while ((await sh(sandbox, `${nice} /proc/$(cat pid)/stat`)) !== '10\n') await delay(100);
    const group = 'cat /proc/$(cat pid)/autogroup 2>/dev/null || echo nice 10';
    while (!(await sh(sandbox, group)).endsWith('nice 10\n')) await delay(100);
    expect(await sh(sandbox, `kill $(cat pid); ${nice} /proc/self/stat`)).toBe('0\n');
  });

  it('what a sandbox takes from all others of the host, as long as it computes, where there are control groups', async ({
    skip,
  }) => {
    const { version } = detectCgroups(uid);
    if (version === 'none') return skip('this host gives the service no control groups');
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, '(while :; do :; done) > /dev/null 2>&1 & echo $! > pid');
    const group = readFileSync(`/proc/${initOf(sandbox)}/cgroup`, 'utf8');
    const path = /^\d+:(?:cpu|cpu,cpuacct)?:(\/managed-agent-\S+)$/m.exec(group)?.[1] ?? '';
    const file = `/sys/fs/cgroup${version === 'v1' ? '/cpu' : ''}${path}/cpu.idle`;
    if (!existsSync(file)) return skip('this kernel knows no idle groups');
    const isIdle = (): boolean => readFileSync(file, 'utf8') === '1\n';
    expect(isIdle()).toBe(false);
    while (!isIdle()) await delay(100);
    await sh(sandbox, 'kill $(cat pid)');
    while (isIdle()) await delay(100);
  });

  it('a stop, which leaves no process of it, however fast it forks', async () => {
    const sandbox = lab.sandbox();
    await sh(sandbox, 'true');
    const init = initOf(sandbox);
    const owners = ownersOf(sandbox);
    const bomb = sandbox.call(lab.call('bomb() { bomb | bomb & bomb; }; bomb', 60_000), 'start');
    bomb.catch(() => {});
    // Seen from outside: inside, the bomb leaves no process to look with.
    while (processesOf(init, owners).length < 60) await delay(5);
    await lab.driver.stop(sandbox.spec.sessionId);
    expect(readProcess(init)).toBeUndefined();
    const left = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && owners.includes(ownerOf(name)));
    expect(left.filter((pid) => readProcess(Number(pid)) !== undefined)).toEqual([]);
    expect(await bomb).toMatchObject({ state: 'lost' });
    expect(await sh(sandbox, 'echo alive')).toContain('alive');
  });

  function folderOf(sandbox: Sandbox) {
    return sessionFolder(placesOf(lab.dataFolder, uid).base, sandbox.spec.sessionId);
  }
  function initOf(sandbox: Sandbox): number {
    const note = folderOf(sandbox).running();
    if (note === undefined) throw new Error('the sandbox was never started');
    return note.pid;
  }
  /** The host's processes in the sandbox whose process number 1 this is, or of one of these users. */
  function processesOf(init: number, owners: readonly number[]): string[] {
    const namespaceOf = (pid: string | number): string | undefined => {
      try {
        return readlinkSync(`/proc/${pid}/ns/pid`);
      } catch {
        // It ended, or is another user's.
        return undefined;
      }
    };
    const namespace = namespaceOf(init);
    return readdirSync('/proc').filter(
      (name) =>
        /^\d+$/.test(name) &&
        (owners.includes(ownerOf(name)) || (namespace !== undefined && namespaceOf(name) === namespace)),
    );
  }
  /** The users that only this sandbox has. */
  function ownersOf(sandbox: Sandbox): number[] {
    const identity = folderOf(sandbox).identity();
    if (identity === undefined || identity.kind === 'single') return [];
    return identity.kind === 'pair' ? [identity.keeper, identity.agent] : [identity.agent];
  }
  function ownerOf(pid: string): number {
    return existsSync(`/proc/${pid}`) ? (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? -1) : -1;
  }
});
