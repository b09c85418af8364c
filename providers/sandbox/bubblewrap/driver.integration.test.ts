import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, newSpec, sandboxContract, textOf } from '../contract.ts';
import type { SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { createBubblewrapDriver } from './driver.ts';

describe('the bubblewrap driver', () => {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'managed-agent-sandboxes-'));
  chmodSync(dataFolder, 0o711);
  const open = () => createBubblewrapDriver({ dataFolder, log: () => undefined });
  let driver: SandboxDriver;

  beforeAll(async () => {
    driver = open();
    const probe = await driver.probe();
    expect(probe.why ?? 'it works').toBe('it works');
  });
  afterAll(async () => {
    await driver.close();
    rmSync(dataFolder, { recursive: true, force: true });
  });

  describe('does what every driver does', () => {
    sandboxContract(() => ({ driver, reopen: open }));
  });

  async function inside(command: string, spec: SandboxSpec = newSpec()): Promise<string> {
    try {
      return textOf(await driver.open(spec).call(bash('probe', command), 'start'));
    } finally {
      await driver.destroy(spec.sessionId);
    }
  }

  it('cannot change the kernel, mount, trace, make namespaces or become root', async () => {
    const before = readFileSync('/proc/sys/vm/swappiness', 'utf8');
    const text = await inside(`
      echo 1 > /proc/sys/vm/swappiness && echo WROTE-SYSCTL
      echo x > /proc/sys/kernel/core_pattern && echo WROTE-CORE-PATTERN
      mount -t tmpfs none /mnt && echo MOUNTED
      unshare -U true && echo UNSHARED
      touch /usr/x /etc/x /x 2>/dev/null && echo WROTE-ROOT
      python3 -c 'import os; os.setuid(0); print("SETUID")'
      grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status`);
    expect(text).not.toMatch(/WROTE|MOUNTED|UNSHARED|SETUID/);
    expect(text).toMatch(/CapEff:\s*0000000000000000/);
    expect(text).toMatch(/NoNewPrivs:\s*1/);
    expect(text).toMatch(/Seccomp:\s*2/);
    expect(readFileSync('/proc/sys/vm/swappiness', 'utf8')).toBe(before);
  });

  it('sees nothing of the host: environment, processes, files, network', async () => {
    process.env['CANARY_SECRET'] = 'canary-value';
    const text = await inside(`
      env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; ps ax
      ls /root /home /var/lib 2>&1; cat /etc/shadow 2>&1; ls -la /proc/self/fd
      cat /proc/net/tcp | tail -n +2 | wc -l
      timeout 3 bash -c 'echo > /dev/tcp/127.0.0.1/22' 2>&1 || echo no-network`);
    expect(text).not.toContain('canary-value');
    expect(text).not.toContain('vitest');
    expect(text).not.toContain('root:');
    expect(text).toContain('no-network');
    delete process.env['CANARY_SECRET'];
  });

  it('cannot touch the records of calls', async () => {
    const text = await inside(`
      find / -xdev -writable -type d 2>/dev/null | grep -vE '^/(workspace|home|tmp|dev/shm|mnt/session/outputs|proc)' ; echo end`);
    expect(text.trim()).toBe('end');
  });

  it('follows no link out of the sandbox when it reads and writes files', async () => {
    const spec = newSpec();
    const sandbox = driver.open(spec);
    const secret = path.join(dataFolder, 'secret');
    try {
      await sandbox.call(bash('1', `ln -s ${secret} link; ln -s /etc/shadow shadow; mkfifo pipe`), 'start');
      for (const name of ['link', 'shadow', 'pipe', '/dev/zero', '/proc/1/mem']) {
        const operation = { type: 'read', path: name } as const;
        const outcome = await sandbox.call({ id: `r-${name.replaceAll('/', '_')}`, operation }, 'start');
        expect(outcome).toMatchObject({ state: 'finished', result: { isError: true } });
      }
    } finally {
      await driver.destroy(spec.sessionId);
    }
  });

  it('holds a fork bomb without hurting a neighbour', async () => {
    const bomb = newSpec();
    const neighbour = newSpec();
    try {
      await driver.ensure(neighbour);
      const bombing = driver.open(bomb).call(bash('bomb', ':(){ :|:& };:; sleep 2', 3_000), 'start');
      const text = textOf(
        await driver
          .open(neighbour)
          .call(bash('n', 'for i in $(seq 1 20); do true | cat; done; echo fine'), 'start'),
      );
      expect(text.trim()).toBe('fine');
      await bombing;
    } finally {
      await driver.destroy(bomb.sessionId);
      await driver.destroy(neighbour.sessionId);
    }
  });

  it('loses a call whose sandbox is killed, and never runs it again', async () => {
    const spec = newSpec();
    const sandbox = driver.open(spec);
    try {
      const running = sandbox.call(bash('a', 'echo x >> count; sleep 30'), 'start');
      await new Promise((resolve) => setTimeout(resolve, 800));
      await driver.stop(spec.sessionId);
      expect((await running).state).toBe('lost');
      expect((await sandbox.call(bash('a', 'echo x >> count; sleep 30'), 'resume')).state).toBe('lost');
      expect(textOf(await sandbox.call(bash('b', 'wc -l < count'), 'start'))).toMatch(/\n1\n?$/);
    } finally {
      await driver.destroy(spec.sessionId);
    }
  });

  it('survives a command that kills everything it can reach', async () => {
    const spec = newSpec();
    const sandbox = driver.open(spec);
    try {
      await sandbox.call(bash('a', 'kill -9 -1', 5_000), 'start');
      expect(textOf(await sandbox.call(bash('b', 'echo back'), 'start')).trim()).toBe('back');
    } finally {
      await driver.destroy(spec.sessionId);
    }
  });

  it('bounds memory, a single file and /tmp', async () => {
    const text = await inside(`
      python3 -c 'b = bytearray(5 << 30); print("GOT-MEMORY")' 2>&1 | tail -1
      dd if=/dev/zero of=/tmp/fill bs=1M count=700 2>&1 | tail -1
      truncate -s 100G big && echo HUGE-FILE; echo end`);
    expect(text).not.toMatch(/GOT-MEMORY|HUGE-FILE/);
    expect(text).toContain('end');
  });
});
