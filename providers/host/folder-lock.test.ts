import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastUserOf, lockFolder } from './folder-lock.ts';

/** Tries to take the folder, says whether it could, and keeps it. */
const PROGRAM = `
import { lockFolder } from ${JSON.stringify(path.join(import.meta.dirname, 'folder-lock.ts'))};
const [, folder, place] = process.argv;
const lock = await lockFolder(folder, { place, name: 'pid ' + process.pid });
console.log(lock.isOurs ? 'ours' : 'of ' + lock.user?.place);
setInterval(() => lock, 1000);
`;

describe('a folder that processes of one place share', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'folder-lock-'));
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map(end));
    rmSync(folder, { recursive: true });
  });

  async function take(place: string): Promise<{ child: ChildProcess; said: string }> {
    const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM];
    const child = spawn(process.execPath, [...words, folder, place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [said] = (await once(createInterface(child.stdout), 'line')) as [string];
    return { child, said };
  }
  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  it('is theirs until the last of them dies, however it dies', async () => {
    const first = await take('one');
    const second = await take('one');
    expect([first.said, second.said]).toEqual(['ours', 'ours']);
    expect((await take('two')).said).toBe('of one');
    await end(first.child);
    expect((await take('two')).said).toBe('of one');
    await end(second.child);
    expect((await take('two')).said).toBe('ours');
    expect((await take('one')).said).toBe('of two');
    expect(lastUserOf(folder)?.place).toBe('two');
  });

  it('goes to one place when several want it at once', async () => {
    const said = await Promise.all(['one', 'two', 'one', 'two', 'three'].map(take));
    const winners = new Set(
      said.flatMap((taken, index) =>
        taken.said === 'ours' ? [['one', 'two', 'one', 'two', 'three'][index]] : [],
      ),
    );
    expect(winners.size).toBe(1);
    expect(lastUserOf(folder)?.place).toBe([...winners][0]);
  });

  it('is given back without the end of the process', async () => {
    const lock = await lockFolder(folder, { place: 'one', name: 'test' });
    expect(lock.isOurs).toBe(true);
    expect((await take('two')).said).toBe('of one');
    if (lock.isOurs) lock.release();
    expect((await take('two')).said).toBe('ours');
    expect(await lockFolder(folder, { place: 'one', name: 'test' })).toMatchObject({
      isOurs: false,
      user: { place: 'two' },
    });
  });

  it('says which file cannot be locked, and what it needs', async () => {
    mkdirSync(path.join(folder, 'user.lock'));
    await expect(lockFolder(folder, { place: 'here', name: 'us' })).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringMatching(/user\.lock cannot be locked .*file system that keeps locks/),
    });
  });
});
