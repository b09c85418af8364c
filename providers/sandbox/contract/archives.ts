import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

import { isAppError } from '../../../core/errors.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import type { Sandbox } from '../sandbox.ts';

const PLENTY = { bytes: 100_000_000, files: 10_000 };

export interface ArchiveSubject {
  newSandbox(): Sandbox;
  perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult>;
  fileOf(sandbox: Sandbox, path: string): Promise<string>;
  fileExists(sandbox: Sandbox, path: string): Promise<boolean>;
}

/** What a driver promises that can save what its sandboxes keep. */
export function archiveContract({ newSandbox, perform, fileOf, fileExists }: ArchiveSubject): void {
  const bash = (command: string): SandboxOperation => ({ type: 'bash', command, timeoutMs: 20_000 });

  function archiveOf(sandbox: Sandbox): NonNullable<Sandbox['archive']> {
    if (sandbox.archive === undefined) throw new Error('this driver saves nothing');
    return sandbox.archive;
  }
  async function save(sandbox: Sandbox, since: string | null = null) {
    const saved = await archiveOf(sandbox).save(since, PLENTY);
    if (saved === null) return null;
    const { content, ...rest } = saved;
    return { ...rest, content: await buffer(content) };
  }
  type Saved = NonNullable<Awaited<ReturnType<typeof save>>>;
  async function restore(sandbox: Sandbox, archives: readonly (Saved | null)[]): Promise<void> {
    const kept = archives.filter((archive) => archive !== null);
    const last = kept.at(-1);
    if (last === undefined) throw new Error('nothing was saved');
    const { mark, attached } = last;
    const parts = kept.map(
      ({ content }) =>
        () =>
          Promise.resolve(Readable.from([content])),
    );
    await archiveOf(sandbox).restore(parts, { mark, attached }, PLENTY);
  }
  const refuses = async (work: Promise<unknown>, code: string): Promise<void> => {
    await expect(work).rejects.toSatisfy((error) => isAppError(error) && error.code === code);
  };

  describe('archives', () => {
    it('of a sandbox that never held anything are none', async () => {
      expect(await save(newSandbox())).toBeNull();
    });
    it('bring files, the directory and variables into another sandbox', async () => {
      const one = newSandbox();
      await perform(one, { type: 'write', path: 'src/a b.txt', content: 'kept\n' });
      await perform(one, bash('export COLOUR=green && cd /'));
      const saved = await save(one);
      expect(saved).toMatchObject({ kind: 'full' });
      const other = newSandbox();
      await restore(other, [saved]);
      expect((await perform(other, bash('pwd; echo $COLOUR'))).text).toBe('/\ngreen\n');
      await perform(other, { type: 'restart' });
      expect(await fileOf(other, 'src/a b.txt')).toBe('kept\n');
    });
    it('are not made where nothing changed, also after a restore', async () => {
      const one = newSandbox();
      await perform(one, { type: 'write', path: 'a.txt', content: 'one' });
      const first = await save(one);
      expect(await save(one, first?.mark)).toBeNull();
      const other = newSandbox();
      await restore(other, [first]);
      expect(await save(other, first?.mark)).toBeNull();
      await perform(other, { type: 'write', path: 'a.txt', content: 'two' });
      expect(await save(other, first?.mark)).not.toBeNull();
    });
    it('of changes go on top of those before them', async () => {
      const one = newSandbox();
      await perform(one, { type: 'write', path: 'stays.txt', content: 'stays' });
      await perform(one, { type: 'write', path: 'changes.txt', content: 'before' });
      const archives = [await save(one)];
      await perform(one, {
        type: 'edit',
        path: 'changes.txt',
        oldText: 'before',
        newText: 'after',
        occurrences: 'one',
      });
      archives.push(await save(one, archives.at(-1)?.mark));
      await perform(one, { type: 'write', path: 'new/one.txt', content: 'new' });
      archives.push(await save(one, archives.at(-1)?.mark));
      const other = newSandbox();
      // What was saved as a whole stands for itself.
      await restore(other, archives.slice(archives.findLastIndex((archive) => archive?.kind === 'full')));
      expect(await fileOf(other, 'stays.txt')).toBe('stays');
      expect(await fileOf(other, 'changes.txt')).toBe('after');
      expect(await fileOf(other, 'new/one.txt')).toBe('new');
    });
    it('are refused where the sandbox keeps too much, before anything is read', async () => {
      const one = newSandbox();
      await perform(one, { type: 'write', path: 'big.txt', content: 'x'.repeat(2_000) });
      await refuses(archiveOf(one).save(null, { bytes: 1_000, files: 10 }), 'too_large');
    });
    it('that are damaged are not restored', async () => {
      const other = newSandbox();
      const damaged = () => Promise.resolve(Readable.from([Buffer.from('no archive at all')]));
      const state = { mark: 'mark', attached: {} };
      await refuses(archiveOf(other).restore([damaged], state, PLENTY), 'invalid_request');
      expect(await fileExists(other, 'anything')).toBe(false);
    });
  });
}
