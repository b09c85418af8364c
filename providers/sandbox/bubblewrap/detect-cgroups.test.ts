import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { DEFAULT_LIMITS } from '../limits.ts';
import { detectCgroups } from './detect-cgroups.ts';

const ROOT_USER = 0;

describe.runIf(process.platform === 'linux')('control groups', () => {
  const roots: string[] = [];
  /** Ordinary files in the places of the kernel's. */
  function rootWith(files: Record<string, string>): string {
    const root = mkdtempSync(join(tmpdir(), 'cgroup-'));
    roots.push(root);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return root;
  }
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });
  const limits = { ...DEFAULT_LIMITS, memoryBytes: 1_000, processes: 10, cpus: availableParallelism() / 2 };
  const quota = String(limits.cpus * 100_000);

  it('of version 2 bound memory, processes and CPU, and put a sandbox behind the others of the host', () => {
    const root = rootWith({
      'cgroup.controllers': 'cpuset cpu io memory pids\n',
      'cgroup.subtree_control': '',
    });
    const cgroups = detectCgroups(ROOT_USER, root);
    expect(cgroups.version).toBe('v2');
    const folder = join(root, 'managed-agent-a-1');
    expect(cgroups.create('a-1', limits)).toEqual([join(folder, 'cgroup.procs')]);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    expect([read('memory.max'), read('pids.max'), read('cpu.max')]).toEqual([
      '1000',
      '74',
      `${quota} 100000`,
    ]);
    expect(readFileSync(join(root, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu');
    writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 1234\nuser_usec 1000\n');
    writeFileSync(join(folder, 'cgroup.procs'), '17\n18\n');
    writeFileSync(join(folder, 'cpu.idle'), '0');
    expect(cgroups.names('a-')).toEqual(['a-1']);
    expect(cgroups.names('b-')).toEqual([]);
    expect(cgroups.usedMicroseconds('a-1')).toBe(1_234);
    expect(cgroups.members('a-1')).toEqual([17, 18]);
    cgroups.setCpuClass('a-1', 'leftover');
    expect(read('cpu.idle')).toBe('1');
    cgroups.setCpuClass('a-1', 'ordinary');
    expect(read('cpu.idle')).toBe('0');
  });
  it('of version 1 do the same, each in its own tree', () => {
    const root = rootWith({ 'memory/x': '', 'pids/x': '', 'cpu/x': '', 'cpuacct/x': '' });
    const cgroups = detectCgroups(ROOT_USER, root);
    expect(cgroups.version).toBe('v1');
    expect(cgroups.create('a-1', limits)).toEqual([
      join(root, 'memory/managed-agent/a-1/cgroup.procs'),
      join(root, 'pids/managed-agent/a-1/cgroup.procs'),
      join(root, 'cpu/managed-agent-a-1/cgroup.procs'),
      join(root, 'cpuacct/managed-agent-a-1/cgroup.procs'),
    ]);
    const cpu = join(root, 'cpu/managed-agent-a-1');
    expect(readFileSync(join(cpu, 'cpu.cfs_quota_us'), 'utf8')).toBe(quota);
    writeFileSync(join(root, 'cpuacct/managed-agent-a-1/cpuacct.usage'), '5000000\n');
    expect(cgroups.usedMicroseconds('a-1')).toBe(5_000);
    expect(cgroups.usedMicroseconds('a-2')).toBeUndefined();
    writeFileSync(join(cpu, 'cpu.idle'), '0');
    cgroups.setCpuClass('a-1', 'leftover');
    expect(readFileSync(join(cpu, 'cpu.idle'), 'utf8')).toBe('1');
  });
  it('of a kernel without idle groups lower the share instead', () => {
    const root = rootWith({ 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });
    const cgroups = detectCgroups(ROOT_USER, root);
    cgroups.create('a-1', limits);
    const weight = join(root, 'managed-agent-a-1/cpu.weight');
    writeFileSync(weight, '100');
    cgroups.setCpuClass('a-1', 'leftover');
    expect(readFileSync(weight, 'utf8')[0]).toBe('1');
  });
  it('bound no CPU where a sandbox may use all that the host has', () => {
    const root = rootWith({ 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.subtree_control': '' });
    detectCgroups(ROOT_USER, root).create('a-1', { ...limits, cpus: availableParallelism() });
    expect(readFileSync(join(root, 'managed-agent-a-1/cpu.max'), 'utf8')).toBe('max 100000');
  });
  it('are made by root only', () => {
    expect(detectCgroups(1_000, rootWith({ 'cgroup.controllers': 'cpu memory pids\n' })).version).toBe(
      'none',
    );
  });
});
