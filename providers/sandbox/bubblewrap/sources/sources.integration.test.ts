import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { isAppError } from '../../../../core/errors.ts';
import type { Sandbox } from '../../sandbox.ts';
import { createSandboxLab } from '../../testing/sandbox-lab.ts';

describe('the folders of the host that a bubblewrap sandbox is made of', () => {
  const lab = createSandboxLab();
  afterAll(() => lab.close());
  const canary = `canary-${process.pid}-${Date.now()}`;
  const secret = join(lab.dataFolder, 'secret');
  writeFileSync(secret, canary, { mode: 0o644 });

  const hostFolder = (sandbox: Sandbox): string => join(lab.dataFolder, 'sandboxes', sandbox.spec.sessionId);
  const stop = (sandbox: Sandbox): Promise<void> => lab.driver.stop(sandbox.spec.sessionId);
  const flood = 'seq 1 100000';
  /** Makes a sandbox with a long result, stops it, and returns where the result lies inside. */
  async function withLongResult(): Promise<{ sandbox: Sandbox; path: string }> {
    const sandbox = lab.sandbox();
    const { output } = await lab.bash(sandbox, flood);
    await stop(sandbox);
    return { sandbox, path: output?.path ?? '' };
  }
  /** As version 0.1.0 left them. */
  function putInOldPlace(sandbox: Sandbox): string {
    const files = join(hostFolder(sandbox), 'files');
    renameSync(join(files, 'tool-outputs'), join(files, 'state/outputs'));
    return join(files, 'state/outputs');
  }

  it('are not left through links that a command put wherever it may write', async () => {
    const sandbox = lab.sandbox();
    const replaceAll = `cd /
      for folder in /run/* /mnt/session/* /workspace /home/agent /opt/*; do
        for name in outputs tool-outputs; do
          mv $folder/$name $folder/was-$name; ln -s / $folder/$name
        done
        mv $folder $folder.old; ln -s / $folder
      done >/dev/null 2>&1`;
    await lab.bash(sandbox, replaceAll);
    for (let round = 0; round < 2; round++) {
      await stop(sandbox);
      const look = `for folder in /run/* /mnt/session/* /workspace /home/agent /opt/*; do
          for place in $folder $folder/*; do cat $place${secret}; done
        done 2>/dev/null
        ls -L /mnt/session/tool-outputs`;
      const found = await lab.bash(sandbox, look);
      expect(found.text).not.toContain(canary);
      expect(found.text).not.toMatch(/^etc$/m);
    }
    expect(readFileSync(secret, 'utf8')).toBe(canary);
  });

  it('keep long results of earlier versions readable', async () => {
    const { sandbox, path } = await withLongResult();
    putInOldPlace(sandbox);
    const kept = await lab.bash(sandbox, `tail -n 1 ${path}; touch ${path} 2>&1`);
    expect(kept.text).toMatch(/100000\n.*(Read-only file system|Permission denied)/);
    const again = await lab.bash(sandbox, flood);
    expect((await lab.bash(sandbox, `tail -n 1 ${path} ${again.output?.path}`)).text).toMatch(
      /(100000[^]*){2}/,
    );
    expect(existsSync(join(hostFolder(sandbox), 'files/state/outputs'))).toBe(false);
  });

  it('go on without long results that a command has removed', async () => {
    const { sandbox, path } = await withLongResult();
    rmSync(putInOldPlace(sandbox), { recursive: true });
    expect((await lab.bash(sandbox, `ls ${path}; echo on`)).text).toContain('on');
    expect((await lab.bash(sandbox, flood)).output?.path).toMatch(/tool-outputs/);
  });

  it.each(['/', '/nonexistent'])('refuse to take long results over through a link to %s', async (target) => {
    const { sandbox } = await withLongResult();
    const old = putInOldPlace(sandbox);
    rmSync(old, { recursive: true });
    symlinkSync(target, old);
    const refused = await lab.bash(sandbox, 'true').catch((error: unknown) => error);
    expect(isAppError(refused) && refused.code).toBe('sandbox_unavailable');
    expect(String(refused)).toContain(`${old} is a link, where a folder must be`);
    await lab.driver.destroy(sandbox.spec.sessionId);
    expect(existsSync(hostFolder(sandbox))).toBe(false);
    expect(readFileSync(secret, 'utf8')).toBe(canary);
  });

  it.each([
    'files',
    'files/workspace',
    'files/home',
    'files/outputs',
    'files/state',
    'files/tool-outputs',
    'uploads',
    'claims',
    'network',
  ])(
    'refuse the start when %s is a link, a file or missing, and start when it is put right',
    async (name) => {
      const sandbox = lab.sandbox();
      await lab.bash(sandbox, 'echo kept > kept');
      await stop(sandbox);
      const path = join(hostFolder(sandbox), name);
      const { uid, gid } = lstatSync(path);
      renameSync(path, `${path}.moved`);
      const refusal = async (): Promise<unknown> =>
        lab.bash(sandbox, 'true').catch((error: unknown) => error);
      for (const target of ['/', `${path}.moved`, '/nonexistent']) {
        symlinkSync(target, path);
        expect(String(await refusal()), `${name} to ${target}`).toMatch(/is a link, where a folder must be/);
        rmSync(path);
      }
      writeFileSync(path, 'no folder');
      expect(String(await refusal())).toMatch(/is a file, where a folder must be/);
      rmSync(path);
      if (name.startsWith('files/') && name !== 'files/tool-outputs') {
        expect(String(await refusal())).toContain(`${path} is missing`);
      }
      if (process.getuid?.() === 0 && name !== 'network') {
        mkdirSync(path);
        chownSync(path, 12_345, 12_345);
        expect(String(await refusal())).toMatch(/belongs to user 12345/);
        rmSync(path, { recursive: true });
      }
      renameSync(`${path}.moved`, path);
      expect(lstatSync(path)).toMatchObject({ uid, gid });
      expect((await lab.bash(sandbox, 'cat kept')).text).toContain('kept');
    },
  );
});
