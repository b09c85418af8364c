import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Sandbox } from '../sandbox.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';

/** Numbers of system calls by processor, for perl's `syscall`. */
const NUMBERS =
  process.arch === 'arm64'
    ? {
        ptrace: 117,
        bpf: 280,
        io_uring_setup: 425,
        userfaultfd: 282,
        keyctl: 219,
        perf_event_open: 241,
        setns: 268,
        unshare: 97,
        mount: 40,
        open_by_handle_at: 265,
        process_vm_readv: 270,
        init_module: 105,
        kexec_load: 104,
        syslog: 116,
        clone: 220,
        socket: 198,
        ioctl: 29,
      }
    : {
        ptrace: 101,
        bpf: 321,
        io_uring_setup: 425,
        userfaultfd: 323,
        keyctl: 250,
        perf_event_open: 298,
        setns: 308,
        unshare: 272,
        mount: 165,
        open_by_handle_at: 304,
        process_vm_readv: 310,
        init_module: 175,
        kexec_load: 246,
        syslog: 103,
        clone: 56,
        socket: 41,
        ioctl: 16,
      };

describe('a bubblewrap sandbox', () => {
  const canary = `canary-${process.pid}-${Date.now()}`;
  process.env['SANDBOX_TEST_CANARY'] = canary;
  const lab = createSandboxLab();
  let sandbox: Sandbox;
  const sh = async (command: string): Promise<string> => (await lab.bash(sandbox, command)).text;
  /** The error number of a raw system call. */
  const errnoOf = async (number: number, ...words: (number | string)[]): Promise<number> =>
    Number(await sh(`perl -e '$! = 0; syscall(${[number, ...words].join(', ')}); print $! + 0'`));

  beforeAll(() => {
    sandbox = lab.sandbox();
  });
  afterAll(() => lab.close());

  it('has no capabilities, no way to new privileges, and a system call filter', async () => {
    const status = await sh('cat /proc/self/status');
    expect(status).toMatch(/CapInh:\s+0{16}/);
    expect(status).toMatch(/CapPrm:\s+0{16}/);
    expect(status).toMatch(/CapEff:\s+0{16}/);
    expect(status).toMatch(/CapAmb:\s+0{16}/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/Seccomp:\s+2/);
    expect(await sh('id -u; id -G')).toBe('1000\n1000\n');
  });

  it('runs its commands under a user that is not root on the host', async () => {
    const running = lab.bash(sandbox, 'exec sleep 987654', 60_000);
    const ownersOf = (): number[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
          try {
            const isIt = readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\u0000987654');
            return isIt ? [statSync(`/proc/${pid}`).uid] : [];
          } catch {
            return [];
          }
        });
    await vi.waitUntil(() => ownersOf().length > 0, { timeout: 30_000 });
    const owners = ownersOf();
    expect(owners[0]).not.toBe(0);
    if (process.getuid?.() === 0) expect(owners[0]).toBeGreaterThanOrEqual(1_900_000_000);
    await lab.bash(sandbox, 'kill -9 $(pgrep -f "sleep 987654")');
    await running;
  });

  it.each(['vm/swappiness', 'kernel/core_pattern', 'kernel/hostname', 'fs/suid_dumpable'])(
    'cannot write the kernel setting %s',
    async (setting) => {
      const file = `/proc/sys/${setting}`;
      const before = readFileSync(file, 'utf8');
      const result = await lab.bash(sandbox, `cat ${file} > ${file}`);
      expect(result.isError).toBe(true);
      expect(result.text).toMatch(/Permission denied|Read-only file system/);
      expect(readFileSync(file, 'utf8')).toBe(before);
    },
  );

  it('shows nothing of the environment of the service, in any process', async () => {
    const seen = await sh(`cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; env`);
    expect(seen).toContain('HOME=/home/agent');
    expect(seen).not.toContain(canary);
  });

  it('inherits no open files, also none that were left open to the service', () => {
    const secret = join(lab.dataFolder, 'open-file');
    writeFileSync(secret, canary);
    const program = `
      import { createBubblewrapDriver } from ${JSON.stringify(new URL('./driver.ts', import.meta.url).href)};
      const driver = createBubblewrapDriver({ dataFolder: ${JSON.stringify(lab.dataFolder)}, log() {} });
      const spec = { workspaceId: 'wrk', sessionId: 'sesn_open', environmentId: 'env' };
      const command = 'for fd in /proc/self/fd/*; do echo \${fd##*/} $(readlink $fd); done';
      const call = { id: 'sevt_open', operation: { type: 'bash', command, timeoutMs: 5000 } };
      console.log((await driver.open(spec).call(call, 'start')).result.text);
      await driver.destroy(spec.sessionId);
      await driver.close();`;
    const left = openSync(secret, 'r');
    const stdio = [
      'ignore',
      'pipe',
      'inherit',
      left,
      'ignore',
      'ignore',
      'ignore',
      left,
      'ignore',
      'ignore',
      'ignore',
      left,
    ] as const;
    const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
      stdio: [...stdio],
      encoding: 'utf8',
    });
    closeSync(left);
    // The folder that the shell itself lists comes last, and is closed when it is asked about.
    expect(stdout).toMatch(/^0 \/dev\/null\n1 \S+\n2 \S+\n3\s*$/);
    expect(stdout).not.toContain(lab.dataFolder);
  });

  it('sees only its own processes', async () => {
    const commands = await sh(
      'for p in /proc/[0-9]*; do head -z -n 1 $p/cmdline | tr "\\0" "\\n"; done 2>/dev/null',
    );
    expect(commands).not.toContain('vitest');
    expect(commands).not.toContain('bwrap');
    expect(commands.split('\n').length).toBeLessThan(12);
  });

  it('has a system that cannot be written and shows nothing of the host but programs', async () => {
    for (const place of ['/', '/usr', '/etc', '/dev', '/opt/sandbox', '/run', '/mnt/session/uploads']) {
      const result = await lab.bash(sandbox, `touch ${place}/probe`);
      expect(result.isError, place).toBe(true);
      expect(result.text, place).toMatch(/Read-only file system|Permission denied/);
    }
    for (const path of [
      '/sys',
      '/root',
      '/etc/shadow',
      '/dev/kmsg',
      '/dev/sda',
      '/dev/vda',
      '/var/run/docker.sock',
      '/boot',
      lab.dataFolder,
    ]) {
      expect((await lab.bash(sandbox, `ls ${path}`)).text, path).toContain('No such file or directory');
    }
    expect(await sh('cat /etc/passwd')).not.toContain('daemon');
    expect(await sh('cat /proc/cmdline /proc/kallsyms')).toBe('');
  });

  it.each([
    'ptrace',
    'bpf',
    'io_uring_setup',
    'userfaultfd',
    'keyctl',
    'perf_event_open',
    'setns',
    'mount',
    'open_by_handle_at',
    'process_vm_readv',
    'init_module',
    'kexec_load',
    'syslog',
  ] as const)('is refused the system call %s', async (name) => {
    expect(await errnoOf(NUMBERS[name], 0, 0, 0, 0)).toBe(1);
  });

  it('cannot make namespaces of its own', async () => {
    for (const flag of [0x10000000, 0x20000, 0x40000000, 0x20000000]) {
      expect(await errnoOf(NUMBERS.unshare, flag)).toBe(1);
      expect(await errnoOf(NUMBERS.clone, flag | 17, 0, 0, 0, 0)).toBe(1);
    }
    expect((await lab.bash(sandbox, 'unshare -Ur true')).isError).toBe(true);
  });

  it('cannot type into terminals, and opens only ordinary kinds of sockets', async () => {
    expect(await errnoOf(NUMBERS.ioctl, 0, 0x5412, '$_ = "x"')).toBe(1);
    const [vsock, alg, packet] = [40, 38, 17];
    for (const family of [vsock, alg, packet]) expect(await errnoOf(NUMBERS.socket, family, 1, 0)).toBe(97);
    for (const family of [1, 2, 10]) expect(await errnoOf(NUMBERS.socket, family, 1, 0)).toBe(0);
  });

  it('cannot touch the records of its calls', async () => {
    const id = 'sevt_record';
    await sandbox.call({ id, operation: { type: 'bash', command: 'echo first', timeoutMs: 5_000 } }, 'start');
    const attack = await sh(
      'rm -rf /run/claims/* /run/sandboxd/calls; touch /run/claims/sevt_forged.abandoned; mkdir -p /run/sandboxd/calls/sevt_forged; kill -9 1; echo done',
    );
    expect(attack).toContain('Read-only file system');
    const again = await sandbox.call(
      { id, operation: { type: 'bash', command: 'echo first', timeoutMs: 5_000 } },
      'resume',
    );
    if (process.getuid?.() === 0) {
      expect(attack).toContain('Permission denied');
      expect(again).toMatchObject({ state: 'finished', result: { text: 'first\n' } });
    } else {
      // With one user id the result can be removed, which makes the call lost; it can't be made to run again.
      expect(['finished', 'lost']).toContain(again.state);
    }
  });

  it('gains nothing from programs with set user ids', async () => {
    const found = await sh('find / -xdev -perm /6000 -type f 2>/dev/null | head -50');
    for (const program of ['su', 'sudo', 'mount', 'newgrp', 'pkexec']) {
      const result = await lab.bash(
        sandbox,
        `command -v ${program} > /dev/null || exit 9; ${program} -h; true`,
      );
      expect(result.text, `${program} ${found}`).not.toContain('uid=0');
    }
    await sh('cp /usr/bin/id ./id && chmod 6755 ./id');
    expect(await sh('./id -u; ./id -ru; grep CapEff /proc/self/status')).toMatch(
      /^1000\n1000\nCapEff:\s+0{16}\n$/,
    );
    expect((await lab.bash(sandbox, 'setpriv --reuid=0 id -u')).isError).toBe(true);
    expect((await lab.bash(sandbox, 'chown 0 id; chroot / true')).isError).toBe(true);
  });

  it('sees and makes no control groups', async () => {
    expect(await sh('cut -d: -f3 /proc/self/cgroup | sort -u')).toBe('/\n');
    const mounts = 'mkdir -p cg && mount -t cgroup none cg; mount -t cgroup2 none cg; mount -t proc none cg';
    expect((await lab.bash(sandbox, mounts)).isError).toBe(true);
    expect(await sh('ls -A cg; grep -c cgroup /proc/self/mounts')).toBe('0\n');
  });

  it('makes no links to files that are not its own', async () => {
    for (const file of ['/run/sandboxd/boot', '/etc/passwd', '/opt/sandbox/bin/node'])
      expect((await lab.bash(sandbox, `ln ${file} hard`)).isError, file).toBe(true);
  });

  it('cannot send packets of its own making', async () => {
    // ICMP, and raw IP.
    for (const [type, protocol] of [
      [3, 1],
      [3, 255],
    ] as const)
      expect(await errnoOf(NUMBERS.socket, 2, type, protocol)).toBe(1);
  });

  it('cannot slip programs or libraries of its own under those that run before its user is left', async () => {
    const programs = [
      'setpriv',
      'setsid',
      'env',
      'sh',
      'bash',
      'stdbuf',
      'head',
      'rg',
      'find',
      'du',
      'mkfifo',
    ];
    await sh(
      [
        'mkdir -p ~/.local/bin',
        `for name in ${programs.join(' ')}; do printf '#!/bin/sh\nid -u >> /workspace/ran\n' > ~/.local/bin/$name; done`,
        'chmod +x ~/.local/bin/*',
        'export LD_PRELOAD=/workspace/evil.so LD_LIBRARY_PATH=/workspace BASH_ENV=/workspace/evil.sh ENV=/workspace/evil.sh',
        'export NODE_OPTIONS=--require=/workspace/evil.js',
        'echo "id -u >> /workspace/ran" > /workspace/evil.sh',
      ].join('; '),
    );
    await lab.perform(sandbox, { type: 'grep', pattern: 'x' });
    await lab.perform(sandbox, { type: 'glob', pattern: '*' });
    await lab.perform(sandbox, { type: 'process', process: { do: 'start', command: 'true' } });
    await sandbox.files.outputs();
    await lab.bash(sandbox, 'true');
    await lab.perform(sandbox, { type: 'restart' });
    const ran = await sh('rm -rf ~/.local/bin; cat ran 2>/dev/null; rm -f ran evil.*');
    expect(ran.split('\n').filter((uid) => uid !== '' && uid !== '1000')).toEqual([]);
  });

  it('reaches no address of the host, and has loopback of its own', async () => {
    const server = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    expect(await sh(`cat < /dev/tcp/127.0.0.1/${port}`)).toContain('Connection refused');
    server.close();
    expect(await sh('cat < /dev/tcp/169.254.169.254/80')).toContain('Network is unreachable');
    expect(await sh("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")).toBe('lo\n');
    await sh(`node -e "require('net').createServer((s) => s.end('inside')).listen(8123)" > /dev/null 2>&1 &`);
    expect(await sh('until exec 3<>/dev/tcp/127.0.0.1/8123; do sleep 0.05; done 2>/dev/null; cat <&3')).toBe(
      'inside',
    );
  });

  it('shares no memory and no abstract sockets with another session', async () => {
    const other = lab.sandbox();
    await lab.bash(other, 'echo secret > /dev/shm/x; echo secret > /tmp/x');
    await lab.bash(other, `node -e "require('net').createServer().listen('\\0shared')" > /dev/null 2>&1 &`);
    expect(await sh('ls -A /dev/shm /tmp')).toBe('/dev/shm:\n\n/tmp:\n');
    expect(await sh('grep -c shared /proc/net/unix')).toBe('0\n');
  });

  describe('file tools', () => {
    it('follow links only inside the sandbox', async () => {
      const secret = join(lab.dataFolder, 'host-secret');
      writeFileSync(secret, canary, { mode: 0o644 });
      await sh(`ln -s ${secret} host; ln -s /etc/shadow shadow; ln -s /etc/passwd passwd; ln -s / rootlink`);
      for (const path of ['host', 'shadow', `rootlink${secret}`, secret, `../../..${secret}`]) {
        const result = await lab.perform(sandbox, { type: 'read', path });
        expect(result, path).toMatchObject({ isError: true });
        expect(result.text, path).not.toContain(canary);
      }
      const write = await lab.perform(sandbox, { type: 'write', path: 'passwd', content: 'x' });
      expect(write.isError).toBe(true);
      const through = await lab.perform(sandbox, { type: 'write', path: 'host', content: 'overwritten' });
      expect(through.isError).toBe(true);
      expect(readFileSync(secret, 'utf8')).toBe(canary);
    });
    it('refuse what is no regular file, without hanging', async () => {
      await sh('mkfifo fifo; mkdir folder');
      const refusals = {
        fifo: 'not a regular file',
        folder: 'it is a directory',
        '/dev/zero': 'not a regular file',
        '/dev/tty': 'not a regular file',
        '/proc/self/mem': 'cannot read',
        '/proc/self/environ': 'cannot read',
        '/proc/1/root/etc/shadow': 'cannot read',
        '/proc/self/root/etc/shadow': 'cannot read',
        ['x'.repeat(300)]: 'name is too long',
        ['y/'.repeat(3_000)]: 'name is too long',
      };
      for (const [path, reason] of Object.entries(refusals)) {
        const result = await lab.perform(sandbox, { type: 'read', path });
        expect(result.isError, path).toBe(true);
        expect(result.text, path).toContain(reason);
      }
      expect((await lab.perform(sandbox, { type: 'read', path: 'a\0b' })).text).toContain('NUL');
      for (const path of ['fifo', 'folder', '/dev/null', '/proc/self/mem', '/proc/new']) {
        const result = await lab.perform(sandbox, { type: 'write', path, content: 'x' });
        expect(result.isError, path).toBe(true);
      }
    });
    it('have the rights of the agent and not of sandboxd', async () => {
      await sh('mkdir locked && echo x > locked/file && chmod 000 locked');
      // With one user id sandboxd, which measures closed folders too, cannot lay that down for a file tool. The agent could open it anyway.
      const hasOneId = (await sh('stat -c %u /run/sandboxd/boot')) === '1000\n';
      expect((await lab.perform(sandbox, { type: 'read', path: 'locked/file' })).text).toContain(
        hasOneId ? 'x' : 'permission denied',
      );
      for (const path of ['/run/sandboxd/boot', '/run/sandboxd/log', '/run/sandboxd/calls/x']) {
        const result = await lab.perform(sandbox, { type: 'write', path, content: 'x' });
        if (process.getuid?.() === 0) expect(result.text, path).toContain('permission denied');
      }
      await lab.perform(sandbox, { type: 'write', path: 'mine', content: 'x' });
      expect(await sh('stat -c %u mine')).toBe('1000\n');
    });
    it('never leave the sandbox while a link is swapped under them', async () => {
      const secret = join(lab.dataFolder, 'race-secret');
      writeFileSync(secret, canary, { mode: 0o644 });
      await sh('mkdir -p real && echo inside > real/file');
      await sh(`(while :; do ln -sfn real race; ln -sfn ${lab.dataFolder} race; done) > /dev/null 2>&1 &`);
      for (let round = 0; round < 200; round++) {
        const read = await lab.perform(sandbox, { type: 'read', path: 'race/race-secret' });
        expect(read.text).not.toContain(canary);
        await lab.perform(sandbox, { type: 'write', path: 'race/race-secret', content: 'overwritten' });
        await sh('rm -f real/race-secret');
      }
      await lab.perform(sandbox, { type: 'restart' });
      expect(readFileSync(secret, 'utf8')).toBe(canary);
    });
  });
});
