import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

import { isAppError } from '../../../core/errors.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import type { AttachedFile, Sandbox } from '../sandbox.ts';

const file = (path: string, content: string): AttachedFile => ({
  path,
  sha256: createHash('sha256').update(content).digest('hex'),
  open: () => Promise.resolve(Readable.from([content])),
});

/** What drivers with a real file system promise about files in and out, whatever the agent put in their way. */
export function hostileFilesContract(tools: {
  newSandbox(): Sandbox;
  perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult>;
}): void {
  const { newSandbox, perform } = tools;
  const bash = async (sandbox: Sandbox, command: string): Promise<string> =>
    (await perform(sandbox, { type: 'bash', command, timeoutMs: 60_000 })).text;

  describe('hostile files', () => {
    it('in the outputs folder are not listed, not followed, and keep nobody waiting', async () => {
      const sandbox = newSandbox();
      await bash(
        sandbox,
        "cd /mnt/session/outputs; mkfifo fifo; ln -s /etc/passwd link; ln -s / up; ln -s loop loop; mkdir -p a/b; echo ok > a/b/fine; node -e \"require('net').createServer().listen('socket')\" >/dev/null 2>&1 & sleep 0.5",
      );
      expect((await sandbox.files.outputs()).map(({ path }) => path)).toEqual(['a/b/fine']);
      const names = ['fifo', 'loop', 'socket', 'a', 'up/etc/shadow', 'a/../../state/boot', '/dev/zero', ''];
      for (const path of names) {
        await expect(sandbox.files.openOutput(path), path).rejects.toSatisfy(
          (error) => isAppError(error) && error.code === 'not_found',
        );
      }
      expect(await text(await sandbox.files.openOutput('a/b/fine'))).toBe('ok\n');
    });
    it('in the way of attached ones stay, the others are placed, and nothing leaves the workspace', async () => {
      const sandbox = newSandbox();
      await bash(
        sandbox,
        'cd /workspace; echo mine > taken; mkdir folder; touch folder/x; ln -s /mnt/session/uploads escape; ln -s /etc system; mkfifo pipe',
      );
      const attached = ['taken/one', 'folder', 'escape/two', 'system/passwd', 'fine'].map((name) =>
        file(`/workspace/${name}`, `content of ${name}`),
      );
      await expect(sandbox.files.attach(attached)).rejects.toSatisfy(
        (error) =>
          isAppError(error) && error.code === 'invalid_request' && error.message.includes('taken/one'),
      );
      expect(await bash(sandbox, 'cat fine taken; ls folder')).toBe('content of finemine\nx\n');
      expect(
        await bash(sandbox, 'grep -c "content of" /etc/passwd; cat /mnt/session/uploads/two 2>/dev/null'),
      ).not.toContain('content of system');
      // A name that is a pipe or a link is replaced, and nothing is written through it.
      await sandbox.files.attach([file('/workspace/pipe', 'now a file')]);
      expect(await bash(sandbox, 'cat pipe; stat -c %F pipe')).toBe('now a fileregular file\n');
      await bash(sandbox, 'rm -rf taken folder escape system');
      await sandbox.files.attach(attached);
      expect(await bash(sandbox, 'cat taken/one')).toBe('content of taken/one');
    });
    it('are refused outside of the folders that files may be attached in', async () => {
      const sandbox = newSandbox();
      for (const path of [
        '/etc/passwd',
        '/workspace/../etc/x',
        '/uploads/../x',
        '/workspace/',
        '/workspace/a//b',
        'x',
      ]) {
        await expect(sandbox.files.attach([file(path, 'x')]), path).rejects.toSatisfy(
          (error) => isAppError(error) && error.code === 'invalid_request',
        );
      }
    });
    it('in great numbers are listed up to a bound, and deep ones do not break the listing', async () => {
      const sandbox = newSandbox();
      await bash(
        sandbox,
        'cd /mnt/session/outputs; mkdir many; cd many; seq 1 10500 | xargs touch; cd ..; deep=$(printf "d/%.0s" $(seq 1 400)); mkdir -p "$deep"; echo deep > "$deep/file"',
      );
      expect(await sandbox.files.outputs()).toHaveLength(10_000);
    });
  });
}
