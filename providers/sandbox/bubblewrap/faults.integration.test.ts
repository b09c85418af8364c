import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import type { CallOutcome, Sandbox } from '../sandbox.ts';
import { createSandboxLab, type SandboxLab } from '../testing/sandbox-lab.ts';
import { placesOf } from '../places.ts';
import { operationResult } from '../../../tools/operation-result.ts';
import { createBubblewrapDriver } from './driver.ts';
import { sessionFolder } from './session-folder.ts';

const DRIVER = new URL('./driver.ts', import.meta.url).href;

/** The host's note of process number 1 of a sandbox. */
function initOf(lab: SandboxLab, sandbox: Sandbox): { pid: number; boot: string } {
  const { base } = placesOf(lab.dataFolder, process.getuid?.() ?? -1);
  const note = sessionFolder(base, sandbox.spec.sessionId).running();
  if (note === undefined) throw new Error('the sandbox was never started');
  return note;
}

/** The host's number of the sandboxd of a sandbox. */
function sandboxdOf(lab: SandboxLab, sandbox: Sandbox): number {
  const { boot } = initOf(lab, sandbox);
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return (words[0] ?? '').endsWith('/node') && words.some((word) => word.includes(boot));
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('no sandboxd is running');
  return Number(found);
}

async function textOf(outcome: Promise<CallOutcome>): Promise<string> {
  const done = await outcome;
  return done.state === 'finished' ? done.result.text : `lost: ${done.reason}`;
}

describe('a bubblewrap sandbox under attack', () => {
  const lab = createSandboxLab({
    limits: {
      processes: 150,
      diskBytes: 64 * 1024 * 1024,
      memoryBytes: 512 * 1024 * 1024,
      tmpBytes: 16 * 1024 * 1024,
      fileBytes: 128 * 1024 * 1024,
      diskFiles: 10_000,
    },
  });
  afterAll(() => lab.close());

  it('holds a fork bomb, which leaves the other sessions alone, and works again after it', async () => {
    const [bombed, neighbour] = [lab.sandbox(), lab.sandbox()];
    await lab.bash(neighbour, 'true');
    const bomb = lab.bash(bombed, 'echo x > lit; bomb() { bomb | bomb & bomb; }; bomb', 3_000);
    for (let round = 0; round < 10; round++) {
      expect((await lab.bash(neighbour, 'seq 20 | xargs -n 1 echo | wc -l')).text).toBe('20\n');
    }
    expect((await bomb).isError).toBe(true);
    await lab.perform(bombed, { type: 'restart' });
    expect((await lab.bash(bombed, 'echo alive')).text).toContain('alive');
  });

  it('gets its server back while a fork bomb burns, and is usable when that is over', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'true');
    const server = sandboxdOf(lab, sandbox);
    const bomb = sandbox.call(lab.call('bomb() { bomb | bomb & bomb; }; bomb', 3_000), 'start');
    await delay(500);
    process.kill(server, 'SIGKILL');
    // Where sandboxd has a user of its own it takes the command up again; else all commands had to go for it to start.
    const isApart = process.getuid?.() === 0;
    expect(await bomb).toMatchObject(
      isApart ? { state: 'finished', result: { isError: true } } : { state: 'lost' },
    );
    await lab.perform(sandbox, { type: 'restart' });
    expect((await lab.bash(sandbox, 'echo alive')).text).toContain('alive');
  });

  it.each([
    [
      'a memory hog',
      'head -c 2G /dev/zero | tail | wc -c; exit "${PIPESTATUS[1]}"',
      /exit 137: it was killed.*memory/,
    ],
    [
      'a disk filler',
      'for n in $(seq 1000); do head -c 20M /dev/urandom > big-$n; done',
      /over its limit of size/,
    ],
    ['a flood of output', 'yes 0123456789 | head -c 400M; exit 3', /exit 3$/],
    ['busy loops', 'for i in 1 2 3 4; do while :; do :; done & done; wait', /time limit/, 5_000],
    ['a folder of many files', 'seq -f f%g 20000 | xargs touch; sleep 60', /over its limit of size/],
  ])(
    'leaves the other sessions alone under %s, and the model is told the truth',
    async (_name, attack, words, attackMs = 60_000) => {
      const [attacked, neighbour] = [lab.sandbox(), lab.sandbox()];
      await lab.bash(neighbour, 'true');
      const progress = { isOver: false };
      const attacking = lab.bash(attacked, attack, attackMs).finally(() => {
        progress.isOver = true;
      });
      for (let round = 0; round < 5 || !progress.isOver; round++)
        expect((await lab.bash(neighbour, 'seq 20 | xargs -n 1 echo | wc -l')).text).toBe('20\n');
      const { content, isError } = operationResult(await attacking);
      expect(isError).toBe(true);
      expect(content.at(-1)).toMatchObject({ text: expect.stringMatching(words) });
      await lab.perform(attacked, { type: 'restart' });
      expect((await lab.bash(attacked, 'rm -f big-* f*; echo alive')).text).toContain('alive');
    },
  );

  it('survives kill -9 -1 from inside', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'sleep 9191 > /dev/null 2>&1 &');
    const outcome = await sandbox.call(
      lab.call('kill -9 -1; sleep 0.2; pgrep -f "sleep 9191" | wc -l'),
      'start',
    );
    // With one user id for both, the keeper of the command goes too, and what it said is all there is.
    if (process.getuid?.() === 0) expect(outcome).toMatchObject({ result: { text: '0\n', isError: false } });
    expect((await lab.bash(sandbox, 'echo alive')).text).toContain('alive');
  });

  it.each([
    // Where the disk has room for it, else a quarter of what the sandbox may take of it.
    [512, 64],
    [64, 16],
  ])(
    'with a disk of %i MiB cuts a flood of output, keeps %i MiB of it in a file, and stays usable',
    async (disk, kept) => {
      const roomy = createSandboxLab({ limits: { diskBytes: disk * 1024 * 1024 } });
      const sandbox = roomy.sandbox();
      const flood = await roomy.bash(sandbox, "yes 'line of text' | head -c 200000000; echo the end");
      expect(flood.text.length).toBeLessThan(100_000);
      expect(flood.text).toMatch(/^line of text\n/);
      expect(flood.text).toContain('the end');
      expect(flood.output?.bytes).toBe(200_000_008);
      const size = await roomy.bash(sandbox, `stat -c %s ${flood.output?.path}`);
      expect(Number(size.text)).toBe(kept * 1024 * 1024);
      await roomy.close();
    },
  );

  it('ends a command that ignores SIGTERM, with its children', async () => {
    const sandbox = lab.sandbox();
    const late = await lab.bash(sandbox, "trap '' TERM; (trap '' TERM; sleep 5151) & sleep 5151", 300);
    expect(late.exit?.endedBy).toBe('timeout');
    expect((await lab.bash(sandbox, 'pgrep -f "sleep 5151" | wc -l')).text).toBe('0\n');
  });

  it('ends commands that fill the disk, and takes away what is over', async () => {
    const sandbox = lab.sandbox();
    const full = await lab.bash(sandbox, 'head -c 100000000 /dev/urandom > big; sleep 60', 60_000);
    expect(full.exit?.endedBy).toBe('limit');
    expect(full.text).toContain('What was written last was removed: "/workspace/big"');
    expect((await lab.bash(sandbox, 'ls; sleep 7; echo cleaned')).text).toBe('cleaned\n');
    const tmp = await lab.bash(sandbox, 'head -c 30000000 /dev/zero > /tmp/big');
    expect(tmp.text).toContain('No space left on device');
    const huge = await lab.bash(sandbox, 'truncate -s 1T sparse');
    expect(huge.isError).toBe(true);
  });

  it('kills what eats the memory, and nothing else', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'sleep 6262 > /dev/null 2>&1 &');
    const hog = await lab.bash(sandbox, 'head -c 1500000000 /dev/zero | tail | wc -c', 60_000);
    expect(hog.text).not.toBe('1500000000\n');
    expect((await lab.bash(sandbox, 'pgrep -f "sleep 6262" | wc -l')).text).toBe('1\n');
  });
});

describe('a command in a bubblewrap sandbox', () => {
  const lab = createSandboxLab();
  afterAll(() => lab.close());

  it('runs once when its caller is killed, and a second process takes it over', async () => {
    const sandbox = lab.sandbox();
    const call = lab.call('echo ran >> count; sleep 2; echo finished');
    const program = `
      import { createBubblewrapDriver } from ${JSON.stringify(DRIVER)};
      const driver = createBubblewrapDriver({ dataFolder: ${JSON.stringify(lab.dataFolder)}, log() {} });
      await driver.open(${JSON.stringify(sandbox.spec)}).call(${JSON.stringify(call)}, 'start');`;
    const caller = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    await lab.untilFile(sandbox, 'count');
    caller.kill('SIGKILL');
    expect(await textOf(sandbox.call(call, 'resume'))).toBe('finished\n');
    expect((await lab.perform(sandbox, { type: 'read', path: 'count' })).text).toBe('ran\n');
  });

  it('goes on, with all its output, when sandboxd is killed under it', async () => {
    const sandbox = lab.sandbox();
    const call = lab.call(
      'echo ran >> count; echo before; until [ -e go ]; do sleep 0.05; done; echo after; exit 4',
    );
    const outcome = sandbox.call(call, 'start');
    await lab.untilFile(sandbox, 'count');
    const first = sandboxdOf(lab, sandbox);
    process.kill(first, 'SIGKILL');
    await lab.perform(sandbox, { type: 'write', path: 'go', content: '' });
    expect(sandboxdOf(lab, sandbox)).not.toBe(first);
    expect(await outcome).toMatchObject({
      state: 'finished',
      result: { text: 'before\nafter\n', exit: { code: 4 } },
    });
    expect((await lab.perform(sandbox, { type: 'read', path: 'count' })).text).toBe('ran\n');
  });

  it('is finished for a later caller when it ended while sandboxd was being restarted', async () => {
    const sandbox = lab.sandbox();
    const call = lab.call('echo ran >> count; sleep 0.2; echo done');
    const outcome = sandbox.call(call, 'start');
    await lab.untilFile(sandbox, 'count');
    for (let round = 0; round < 3; round++) {
      process.kill(sandboxdOf(lab, sandbox), 'SIGKILL');
      await lab.perform(sandbox, { type: 'read', path: 'count' });
    }
    expect(await textOf(outcome)).toBe('done\n');
    expect((await lab.perform(sandbox, { type: 'read', path: 'count' })).text).toBe('ran\n');
  });

  it('is killed by a kill that comes after sandboxd was restarted', async () => {
    const sandbox = lab.sandbox();
    const call = lab.call('echo ran >> count; sleep 7373');
    const outcome = sandbox.call(call, 'start');
    await lab.untilFile(sandbox, 'count');
    process.kill(sandboxdOf(lab, sandbox), 'SIGKILL');
    await sandbox.kill(call.id);
    expect(await outcome).toMatchObject({ state: 'finished', result: { exit: { endedBy: 'kill' } } });
    expect((await lab.bash(sandbox, 'pgrep -f "sleep 7373" | wc -l')).text).toBe('0\n');
  });

  it('is lost when the sandbox is killed under it, and is not run again', async () => {
    const sandbox = lab.sandbox();
    const call = lab.call('echo ran >> count; sleep 60');
    const outcome = sandbox.call(call, 'start');
    await lab.untilFile(sandbox, 'count');
    process.kill(initOf(lab, sandbox).pid, 'SIGKILL');
    expect(await outcome).toMatchObject({ state: 'lost' });
    expect((await lab.perform(sandbox, { type: 'read', path: 'count' })).text).toBe('ran\n');
  });

  it('leaves background processes running, which a restart ends', async () => {
    const sandbox = lab.sandbox();
    const started = performance.now();
    await lab.bash(sandbox, 'sleep 8484 & (setsid sleep 8485 &) ; echo started');
    expect(performance.now() - started).toBeLessThan(8_000);
    expect((await lab.bash(sandbox, 'pgrep -f "sleep 848" | wc -l')).text).toBe('2\n');
    await lab.perform(sandbox, { type: 'restart' });
    expect((await lab.bash(sandbox, 'pgrep -f "sleep 848" | wc -l')).text).toBe('0\n');
  });

  it('reads no profile, has no terminal and no input, and gets output that is text', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'echo "echo from-rc" | tee ~/.bashrc ~/.bash_profile ~/.profile > /dev/null');
    expect((await lab.bash(sandbox, 'echo plain; read line || echo no-input; tty')).text).toBe(
      'plain\nno-input\nnot a tty\n',
    );
    const odd = await lab.bash(
      sandbox,
      String.raw`printf '\033[31mred\033[0m \xff\xfe ok\r\n10%%\r50%%\r100%%\n\x07\x1b]0;title\x07'`,
    );
    expect(odd.text).toBe('red \ufffd\ufffd ok\n100%\n');
    expect((await lab.bash(sandbox, 'head -c 3000 /dev/zero')).text).toMatch(
      /^\[binary output, 3000 bytes, saved at /,
    );
    expect((await lab.bash(sandbox, 'echo to-stdout > /dev/stdout; echo to-stderr > /dev/stderr')).text).toBe(
      'to-stdout\nto-stderr\n',
    );
  });

  it('goes on after the working directory was deleted, and after exit, exec and syntax errors', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'mkdir gone && cd gone && rmdir ../gone');
    expect((await lab.bash(sandbox, 'pwd')).text).toBe('/workspace\n');
    await lab.bash(sandbox, 'export KEPT=1; set -e; cd /tmp; exit 5');
    expect((await lab.bash(sandbox, 'echo "$KEPT $PWD $-" | tr -d B')).text).toContain('1 /tmp h');
    expect((await lab.bash(sandbox, 'if then')).text).toContain('syntax error');
    expect((await lab.bash(sandbox, 'exec false')).exit?.code).toBe(1);
    expect((await lab.bash(sandbox, `cat <<'E'\n${'x'.repeat(300_000)}\nE`)).output?.bytes).toBe(300_001);
  });
});

describe('bubblewrap sandboxes', () => {
  it('stop by themselves when idle, keep their files, and say that they were restarted', async () => {
    const lab = createSandboxLab({ limits: { idleMs: 300 } });
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'echo kept > file');
    while ((await lab.driver.list())[0]?.state !== 'stopped') {
      // Workers look for outputs whenever they start, which is no use that is made of a sandbox.
      await sandbox.files.outputs().catch(() => undefined);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    const again = await lab.bash(sandbox, 'cat file');
    expect(again.text).toMatch(/^\[The sandbox was restarted .*\]\nkept\n$/);
    await lab.close();
  });

  it('cost next to nothing while nothing runs in them, of which a host may have hundreds', async () => {
    const lab = createSandboxLab();
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'echo done');
    const server = sandboxdOf(lab, sandbox);
    const wakeUps = (): number =>
      Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${server}/status`, 'utf8'))?.[1]);
    // What follows a call: its record is written, and the disk is measured.
    await delay(3_000);
    const before = wakeUps();
    await delay(5_000);
    expect(wakeUps() - before).toBeLessThan(20);
    await lab.close();
  });

  it('are started once when two drivers want the same one at the same time', async () => {
    const lab = createSandboxLab();
    const second = createBubblewrapDriver({ dataFolder: lab.dataFolder, log: () => {} });
    const sandbox = lab.sandbox();
    await Promise.all([
      lab.driver.ensure(sandbox.spec),
      second.ensure(sandbox.spec),
      lab.driver.ensure(sandbox.spec),
    ]);
    const { boot } = initOf(lab, sandbox);
    const call = lab.call('echo from-one-sandbox');
    expect(await textOf(second.open(sandbox.spec).call(call, 'start'))).toBe('from-one-sandbox\n');
    expect(await textOf(sandbox.call(call, 'resume'))).toBe('from-one-sandbox\n');
    expect(initOf(lab, sandbox).boot).toBe(boot);
    await second.close();
    await lab.close();
  });

  it('leave nothing behind when they are destroyed, whatever the agent made', async () => {
    const lab = createSandboxLab();
    const sandbox = lab.sandbox();
    await lab.bash(
      sandbox,
      'mkdir -p a/b/c && touch a/b/c/d && ln -s / a/root && ln -s /etc/passwd a/p && mkfifo a/f && chmod 000 a/b a',
    );
    await lab.driver.destroy(sandbox.spec.sessionId);
    const { base } = placesOf(lab.dataFolder, process.getuid?.() ?? -1);
    expect(readdirSync(join(base, 'sandboxes'))).toEqual([]);
    await lab.close();
  });
});
