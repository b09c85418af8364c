import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endProcess, waitForEnd } from './end-process.ts';
import { isPortFree, pickFreePort } from './free-port.ts';
import { lastOfLog, lastWords, rotateLog } from './log-file.ts';
import { identifyProcess, isAlive } from './process-identity.ts';
import { folderHash, reachableFolder } from './reachable-folder.ts';
import { MAX_SOCKET_PATH_BYTES, removeSocketFolder, socketFolder } from './socket-folder.ts';
import { spawnDetached } from './spawn-detached.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'host-'));
afterAll(() => rmSync(folder, { recursive: true }));

function start(script: string, name = 'child.log') {
  const logFile = path.join(folder, name);
  return spawnDetached({ command: '/bin/sh', args: ['-c', script], environment: {}, folder, logFile });
}

describe('process identity', () => {
  it('tells a living process from one that ended, and from another with the same pid', async () => {
    const child = await start('sleep 60');
    expect(isAlive(child)).toBe(true);
    expect(isAlive({ pid: child.pid, started: 'earlier' })).toBe(false);
    await endProcess(child, []);
    expect(isAlive(child)).toBe(false);
    expect(identifyProcess(child.pid)).toBeNull();
  });

  it('counts a zombie as dead', async () => {
    // The shell never waits for its child, so the child stays as a zombie.
    const parent = spawn('/bin/sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (data: Buffer) => resolve(Number(data.toString())));
    });
    while (readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z') await new Promise(setImmediate);
    expect(identifyProcess(pid)).toBeNull();
    parent.kill('SIGKILL');
  });
});

describe('a detached process', () => {
  it('writes to its log and tells how it ended', async () => {
    const child = await start('echo to-out; echo to-err >&2; exit 3', 'said.log');
    expect(await child.ended).toEqual({ code: 3, signal: null });
    expect(readFileSync(path.join(folder, 'said.log'), 'utf8')).toBe('to-out\nto-err\n');
  });

  it('is refused at once when its program does not exist', async () => {
    const run = spawnDetached({
      command: '/no/such',
      args: [],
      environment: {},
      folder,
      logFile: path.join(folder, 'x.log'),
    });
    await expect(run).rejects.toThrow(/ENOENT/);
  });

  it('that ignores SIGTERM is ended by SIGKILL', async () => {
    const child = await start('trap "" TERM; echo ready; while true; do sleep 1; done', 'stubborn.log');
    while (lastOfLog(path.join(folder, 'stubborn.log')) !== 'ready') await new Promise(setImmediate);
    await endProcess(child, [{ signal: 'SIGTERM', waitMs: 50 }]);
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that goes on is reported as such', async () => {
    const child = await start('sleep 60');
    expect(await waitForEnd(child, 20)).toBe(false);
    await endProcess(child, []);
  });
});

describe('a log', () => {
  it('is rotated when it has grown, and keeps as many old ones as asked', () => {
    const file = path.join(folder, 'rotated.log');
    for (const round of ['a', 'b', 'c', 'd']) {
      writeFileSync(file, round.repeat(10));
      rotateLog(file, { maxBytes: 10, maxFiles: 2 });
    }
    expect(statSync(file).size).toBe(0);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('d'.repeat(10));
    expect(readFileSync(`${file}.2`, 'utf8')).toBe('c'.repeat(10));
    expect(existsSync(`${file}.3`)).toBe(false);
    rotateLog(file, { maxBytes: 10, maxFiles: 2 });
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('d'.repeat(10));
  });

  it('appends after the truncation, without a hole', async () => {
    const file = path.join(folder, 'appended.log');
    const child = await start(
      'echo first; while [ ! -e go ]; do sleep 0.01; done; echo second',
      'appended.log',
    );
    while (lastOfLog(file) !== 'first') await new Promise(setImmediate);
    rotateLog(file, { maxBytes: 1, maxFiles: 1 });
    writeFileSync(path.join(folder, 'go'), '');
    await child.ended;
    expect(readFileSync(file, 'utf8')).toBe('second\n');
  });

  it('give as last words the message of a fatal entry, else their end', () => {
    const file = path.join(folder, 'words.log');
    const entry = {
      level: 'fatal',
      err: { message: 'store.url: wrong', stack: 'at x\n'.repeat(200) },
      msg: 'it ends',
    };
    writeFileSync(file, `{"level":"info","msg":"starts"}\n${JSON.stringify(entry)}\n`);
    expect(lastWords(file)).toBe('store.url: wrong');
    writeFileSync(file, `${'.'.repeat(700)}\nSegmentation fault\n`);
    expect(lastWords(file)).toMatch(/^\.+\nSegmentation fault$/);
    expect(lastWords(file)).toHaveLength(600);
  });
});

describe('ports', () => {
  it('are told free or taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    expect(await isPortFree(port)).toBe(false);
    server.close();
    expect(await isPortFree(await pickFreePort())).toBe(true);
  });
});

describe('folders', () => {
  it('for sockets are short, private and removed again', () => {
    const deep = mkdtempSync(path.join(folder, 'd'.repeat(200)));
    const made = socketFolder({
      dataDir: deep,
      name: 'postgres',
      runtimeDir: folder,
      tempDir: tmpdir(),
      owner: null,
    });
    expect(Buffer.byteLength(path.join(made, '.s.PGSQL.5432'))).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
    expect(statSync(made).mode & 0o777).toBe(0o700);
    removeSocketFolder(made);
    expect(existsSync(path.dirname(made))).toBe(false);
  });

  it('lie in the data folder when nobody else has to reach them', () => {
    expect(reachableFolder({ dataDir: folder, name: 'part', user: null, say: () => {} })).toBe(
      path.join(folder, 'part'),
    );
  });

  it('stay where they were put, whatever the permissions say later', () => {
    writeFileSync(path.join(folder, 'moved.location'), '/elsewhere/moved\n');
    expect(reachableFolder({ dataDir: folder, name: 'moved', user: null, say: () => {} })).toBe(
      '/elsewhere/moved',
    );
  });

  it('have one name for all paths that lead to them', () => {
    expect(folderHash(folder)).toBe(folderHash(path.join(folder, '..', path.basename(folder))));
  });
});
