import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptCommand, type CommandDeps, type RunningCommand } from './command.ts';

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

  async function take(): Promise<RunningCommand> {
    const deps: CommandDeps = {
      pipes: { take: () => Promise.reject(new Error('it has its pipe')) },
      spoolFile: path.join(folder, 'spool'),
      outputFileBytes: 1_000,
      noteEnding: () => undefined,
    };
    const adoption = await adoptCommand(folder, deps);
    if (adoption.state === 'gone') throw new Error('it was taken for gone');
    return adoption.command;
  }
  const adopt = async (): Promise<number | null> => (await take()).ended;

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

  it('has its code and output when its pipe had been put away already, and only the record of its end was missing', async () => {
    writeFileSync(path.join(folder, 'exit'), '0\n');
    writeFileSync(path.join(folder, 'spool'), 'done\n');
    renameSync(path.join(folder, 'pipe'), path.join(folder, 'background'));
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    const command = await take();
    expect(await command.ended).toBe(0);
    expect(command.spool.render(100, 'kept').text).toBe('done\n');
    command.spool.close();
  });

  it('goes on when the agent removed its pipe', async () => {
    rmSync(path.join(folder, 'pipe'));
    const ended = adopt();
    await delay(50);
    writeFileSync(path.join(folder, 'exit'), '3\n');
    expect(await ended).toBe(3);
  });
});
