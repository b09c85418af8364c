import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  realDockerHost,
  startEngineUnderTest,
  type EngineUnderTest,
} from '../../../test/harness/docker-engine/under-test.ts';
import type { Sandbox } from '../sandbox.ts';
import { createLabOn, type SandboxLab } from '../testing/sandbox-lab.ts';
import { createDockerDriver } from './driver.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const canRun = realDockerHost !== undefined || process.getuid?.() === 0;
let engine: EngineUnderTest;
let lab: SandboxLab;

/** Runs a command of root in the sandbox's container, with the capabilities that the container has; the answer is its output. */
async function asRoot(sandbox: Sandbox, command: string): Promise<string> {
  const container = await engine.container('sandbox', sandbox.spec.sessionId);
  const exec = await container.exec({ Cmd: ['sh', '-c', command], AttachStdout: true, Tty: true });
  return (await text(await exec.start({ Tty: true }))).trim();
}

describe.skipIf(!canRun)('a sandbox of the docker driver is bounded in', () => {
  beforeAll(async () => {
    engine = await startEngineUnderTest();
    const limits = {
      processes: 100,
      openFiles: 256,
      fileBytes: 8 * MIB,
      dataBytes: GIB,
      memoryBytes: 256 * MIB,
      diskBytes: GIB,
      diskFiles: 2_000,
      shmBytes: 4 * MIB,
      tmpBytes: 4 * MIB,
      cpus: 0.5,
    };
    const { host, image } = engine;
    lab = createLabOn((dataFolder) =>
      createDockerDriver({ dataFolder, image, host, network: null, limits, log: () => {} }),
    );
  });
  afterAll(async () => {
    await lab.close();
    await engine.close();
  });
  const sh = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await lab.bash(sandbox, command, 60_000)).text;

  it('open files, the size of a file, and the memory of a process, which gets an error that it can handle', async () => {
    const sandbox = lab.sandbox();
    const files =
      'import os\nn = 0\ntry:\n  while True: os.dup(0); n += 1\nexcept OSError as error: print(n, error.strerror)';
    expect(await sh(sandbox, `python3 -c '${files}'`)).toMatch(/^2\d\d Too many open files\n$/);
    expect(await sh(sandbox, 'head -c 20M /dev/zero > big; stat -c %s big')).toContain(`${8 * MIB}\n`);
    const memory = 'try:\n  bytearray(64 * 1024 ** 3)\nexcept MemoryError: print("refused")';
    expect(await sh(sandbox, `python3 -c '${memory}'`)).toBe('refused\n');
  });
  it('what /tmp and /dev/shm hold, which lie in memory', async () => {
    const sandbox = lab.sandbox();
    for (const folder of ['/tmp', '/dev/shm'])
      expect(await sh(sandbox, `head -c 6M /dev/zero > ${folder}/x`)).toContain('No space left on device');
  });
  it('the number of its files', async () => {
    const sandbox = lab.sandbox();
    const made = await lab.bash(sandbox, 'mkdir f; seq -f f/%g 3000 | xargs touch; sleep 60');
    expect(made.exit?.endedBy).toBe('limit');
    expect((await lab.bash(sandbox, 'rm -rf f; echo cleaned')).text).toContain('cleaned');
  });

  describe.skipIf(realDockerHost === undefined)('by a real engine,', () => {
    it('processes, as often as it forks, while other sessions have theirs', async () => {
      const forks =
        'my ($n, @children) = (0); while ($n < 300) { my $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } push @children, $p; $n++ } print "$n $!\\n"; kill 9, @children';
      const [one, other] = [lab.sandbox(), lab.sandbox()];
      const running = lab.bash(one, 'for i in $(seq 50); do sleep 60 & done; echo > ready; wait', 60_000);
      await lab.untilFile(one, 'ready');
      const few = await sh(one, `perl -e '${forks}'`);
      expect(few).toContain('Resource temporarily unavailable');
      expect(Number.parseInt(few, 10)).toBeLessThan(50);
      expect(Number.parseInt(await sh(other, `perl -e '${forks}'`), 10)).toBeGreaterThan(60);
      await lab.driver.stop(one.spec.sessionId);
      await running.catch(() => {});
    });
    it('a bomb of forks can be stopped', async () => {
      const sandbox = lab.sandbox();
      await sh(sandbox, 'true');
      const bomb = sandbox.call(lab.call('bomb() { bomb | bomb & bomb; }; bomb', 60_000), 'start');
      bomb.catch(() => {});
      const container = await engine.container('sandbox', sandbox.spec.sessionId);
      const count = async (): Promise<number> => {
        const top = (await container.top()) as { Processes: string[][] };
        return top.Processes.length;
      };
      while ((await count()) < 60) continue;
      await lab.driver.stop(sandbox.spec.sessionId);
      expect(await bomb).toMatchObject({ state: 'lost' });
      expect(await sh(sandbox, 'echo alive')).toContain('alive');
    });
    it('the memory of all processes together, the largest of which is ended', async () => {
      const sandbox = lab.sandbox();
      const hog = 'head -c 200M /dev/zero | tail -c 200M | sleep 4';
      const hogs = await lab.bash(sandbox, `(${hog}) & (${hog}) & (${hog}) & wait; echo over`, 60_000);
      expect(hogs.text.includes('over') || hogs.exit?.code === 137).toBe(true);
      const group = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null';
      expect(await sh(sandbox, group)).toBe(`${256 * MIB}\n`);
      const quota = 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null';
      expect(await sh(sandbox, quota)).toMatch(/^50000\b/);
    });
    it('system calls, by a filter, and names, of which it learns none', async () => {
      const sandbox = lab.sandbox();
      expect(await sh(sandbox, 'grep ^Seccomp: /proc/self/status')).toBe('Seccomp:\t2\n');
      for (const command of [
        'unshare -U true',
        'mount -t tmpfs x /mnt',
        'dmesg',
        'echo x > /proc/sys/kernel/hostname',
      ])
        expect((await lab.bash(sandbox, command)).isError, command).toBe(true);
      expect(await sh(sandbox, 'ls -A /sys/firmware; head -c 1 /proc/kcore 2>/dev/null; true')).toBe('');
      expect((await lab.bash(sandbox, 'timeout 5 getent hosts example.com')).isError).toBe(true);
      expect(await sh(sandbox, 'cat /proc/net/route | wc -l')).toBe('2\n');
    });
    it('what the end of sandboxd does: its command goes on, and its outcome comes', async () => {
      const sandbox = lab.sandbox();
      const call = lab.call('echo ran >> count; echo > begun; sleep 3; cat count');
      const running = sandbox.call(call, 'start').catch(() => undefined);
      await lab.untilFile(sandbox, 'begun');
      const first = await asRoot(sandbox, 'pid=$(pgrep -o -P 1); kill -9 $pid; echo $pid');
      await running;
      const again = await sandbox.call(call, 'resume');
      expect(await asRoot(sandbox, 'pgrep -o -P 1')).not.toBe(first);
      expect(again).toMatchObject({ state: 'finished', result: { text: 'ran\n' } });
    });
    it('what the end of its container does: the outcome is unknown, and the next call has its files', async () => {
      const sandbox = lab.sandbox();
      await sh(sandbox, 'echo kept > file; export COLOUR=green');
      const running = sandbox.call(lab.call('echo > begun; sleep 600'), 'start');
      await lab.untilFile(sandbox, 'begun');
      await engine.crash('sandbox', sandbox.spec.sessionId);
      expect(await running).toMatchObject({ state: 'lost' });
      expect(await sh(sandbox, 'cat file; echo $COLOUR')).toMatch(/kept\ngreen\n$/);
    });
  });
});
