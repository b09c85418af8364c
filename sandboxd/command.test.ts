import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptCommand, type CommandDeps } from './command.ts';

describe.runIf(process.platform === 'linux')('a command that another sandboxd started', () => {
  let folder: string;
  let runner: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'command-'));
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    // A runner names the folder among its words.
    runner = spawn('/bin/sh', ['-c', 'read -r _', 'runner', folder], { stdio: ['pipe', 'ignore', 'ignore'] });
    writeFileSync(path.join(folder, 'runner'), `${runner.pid}\n`);
  });
  afterEach(() => {
    runner.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function adopt(): Promise<Promise<number | null>> {
    const deps: CommandDeps = {
      pipes: { take: () => Promise.reject(new Error('it has its pipe')) },
      spoolFile: path.join(folder, 'spool'),
      outputFileBytes: 1_000,
      noteEnding: () => undefined,
    };
    const adoption = await adoptCommand(folder, deps);
    if (adoption.state === 'gone') throw new Error('it was taken for gone');
    return adoption.command.ended;
  }

  it('has the exit code that its shell was just writing: the file is there before its content', async () => {
    const exit = path.join(folder, 'exit');
    const ended = adopt();
    await delay(50);
    writeFileSync(exit, '');
    await delay(100);
    writeFileSync(exit, '4\n');
    expect(await ended).toBe(4);
  });

  it('has none when the code could not be written, as on a full disk, and when its runner was killed', async () => {
    const ended = adopt();
    writeFileSync(path.join(folder, 'exit'), '');
    expect(await ended).toBeNull();
    rmSync(path.join(folder, 'exit'));
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const killed = adopt();
    await delay(50);
    runner.kill('SIGKILL');
    expect(await killed).toBeNull();
  });
});
