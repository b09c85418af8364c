import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';

/** Far more than a start takes, and the least that a stuck sandboxd costs. */
const SILENCE_MS = 15_000;

describe('what sandboxd keeps in its state folder', () => {
  const lab = createSandboxLab({ silenceMs: SILENCE_MS });
  afterAll(() => lab.close());
  const stop = (sandbox: Sandbox): Promise<void> => lab.driver.stop(sandbox.spec.sessionId);
  const stateOf = (sandbox: Sandbox): string =>
    join(lab.dataFolder, 'sandboxes', sandbox.spec.sessionId, 'files/state');

  // Where a sandbox has one user id only, its commands can do all of this.
  it.each(['a pipe', 'a folder', 'a link', 'closed'])(
    'is put right when each name in it is %s, and the sandbox starts',
    async (what) => {
      const sandbox = lab.sandbox();
      await lab.bash(sandbox, 'echo kept > kept');
      await stop(sandbox);
      const state = stateOf(sandbox);
      const { uid, gid } = lstatSync(state);
      const names = readdirSync(state).filter((name) => name !== 'archive');
      expect(names).toEqual(expect.arrayContaining(['boot', 'calls', 'listening', 'log', 'pipes', 'shell']));
      for (const name of names) {
        const path = join(state, name);
        if (what === 'closed') {
          chmodSync(path, 0);
          continue;
        }
        rmSync(path, { recursive: true });
        if (what === 'a pipe') execFileSync('mkfifo', [path]);
        else if (what === 'a folder') mkdirSync(path);
        else symlinkSync('/nonexistent', path);
        execFileSync('chown', ['-h', `${uid}:${gid}`, path]);
      }
      if (what === 'closed') chmodSync(state, 0);
      expect((await lab.bash(sandbox, 'cat kept')).text).toContain('kept');
    },
  );

  /** Process number 1 of a running sandbox, and its sandboxd, as the host numbers them. */
  function processesOf(sandbox: Sandbox): { init: number; sandboxd: number } {
    const note = join(lab.dataFolder, 'sandboxes', sandbox.spec.sessionId, 'running.json');
    const { pid: init } = JSON.parse(readFileSync(note, 'utf8')) as { pid: number };
    const children = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    const sandboxd = children.find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.cjs'),
    );
    return { init, sandboxd: sandboxd ?? 0 };
  }

  it('ends the sandbox when it was removed, instead of being looked for ever', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'true');
    const { init, sandboxd } = processesOf(sandbox);
    rmSync(stateOf(sandbox), { recursive: true });
    process.kill(sandboxd, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${init}`), { timeout: 30_000 }).toBe(false);
    mkdirSync(stateOf(sandbox));
  });

  it('lets the sandbox be ended from outside when sandboxd stands still, and not the others', async () => {
    const [stuck, other] = [lab.sandbox(), lab.sandbox()];
    await lab.bash(stuck, 'true');
    await lab.bash(other, 'true');
    const { init, sandboxd } = processesOf(stuck);
    expect(await lab.driver.endSilent?.(10_000)).toEqual([]);
    process.kill(sandboxd, 'SIGSTOP');
    expect(await lab.driver.endSilent?.(2_000)).toEqual([stuck.spec.sessionId]);
    expect(existsSync(`/proc/${init}`)).toBe(false);
    expect((await lab.bash(other, 'echo on')).text).toBe('on\n');
  });

  it('is no reason to hang when sandboxd stands still: the call is told to be lost, and the next one runs', async () => {
    const sandbox = lab.sandbox();
    await lab.bash(sandbox, 'true');
    const { sandboxd } = processesOf(sandbox);
    const { id, operation } = lab.call('echo yes > begun; sleep 600');
    const outcome = sandbox.call({ id, operation }, 'start');
    await lab.untilFile(sandbox, '/workspace/begun');
    process.kill(sandboxd, 'SIGSTOP');
    expect(await outcome).toMatchObject({ state: 'lost' });
    expect((await lab.bash(sandbox, 'echo on')).text).toContain('on');
  });
});
