import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { isAppError } from '../../core/errors.ts';
import { archiveContract } from './contract/archives.ts';
import { endingsContract } from './contract/endings.ts';
import { hostileFilesContract } from './contract/hostile-files.ts';
import { programsContract } from './contract/programs.ts';
import type { OperationResult, SandboxOperation } from './operation.ts';
import type { CallOutcome, Sandbox, SandboxDriver } from './sandbox.ts';

const INSIDE = { uploads: '/mnt/session/uploads', outputs: '/mnt/session/outputs' };

/** Waits until a condition holds; the test's own time limit ends a wait that never succeeds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

/**
 * What every driver promises. Commands are limited to the words that the in-memory double knows: echo with > and >>, cat, sleep, cd,
 * export, pwd, exit, `;` and `&&`.
 *
 * @param make - a driver on an empty place of its own; it is closed, and its sandboxes destroyed, by the suite.
 * @param folders - where the agent finds uploads and outputs, for a driver without a file system of its own.
 * @param hasFileSystem - whether commands are real and the folders lie where the API has them.
 */
export function sandboxContract(
  name: string,
  make: () => Promise<SandboxDriver>,
  folders: (sessionId: string) => { uploads: string; outputs: string } = () => INSIDE,
  hasFileSystem: 'real' | 'double' = 'double',
): void {
  describe(`${name} keeps the sandbox contract`, () => {
    let driver: SandboxDriver;
    let calls = 0;
    let sessions = 0;
    const nextId = (): string => `sevt_${++calls}`;

    beforeAll(async () => {
      driver = await make();
    });
    afterAll(async () => {
      for (const { sessionId } of await driver.list()) await driver.destroy(sessionId);
      await driver.close();
    });

    function newSandbox(): Sandbox {
      return driver.open({ workspaceId: 'wrk', sessionId: `sesn_${++sessions}`, environmentId: 'env' });
    }
    /** Paths for the newest sandbox. */
    const paths = {
      uploads: (path: string): string => `${folders(`sesn_${sessions}`).uploads}/${path}`,
      outputs: (path: string): string => `${folders(`sesn_${sessions}`).outputs}/${path}`,
    };
    function bash(command: string, timeoutMs = 20_000): SandboxOperation {
      return { type: 'bash', command, timeoutMs };
    }
    async function perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult> {
      return resultOf(await sandbox.call({ id: nextId(), operation }, 'start'));
    }
    function resultOf(outcome: CallOutcome): OperationResult {
      if (outcome.state === 'lost') throw new Error(`lost: ${outcome.reason}`);
      return outcome.result;
    }
    async function fileOf(sandbox: Sandbox, path: string): Promise<string> {
      return (await perform(sandbox, { type: 'read', path })).text;
    }
    async function fileExists(sandbox: Sandbox, path: string): Promise<boolean> {
      return !(await perform(sandbox, { type: 'read', path })).isError;
    }

    /** Waits until a call has had its effect; a file is there a moment before it has its content. */
    function untilRan(sandbox: Sandbox): Promise<void> {
      return until(async () => (await fileOf(sandbox, 'count')) === 'ran\n');
    }

    describe('commands', () => {
      it('return what they wrote and how they ended', async () => {
        const sandbox = newSandbox();
        const good = await perform(sandbox, bash('echo hello'));
        expect(good).toMatchObject({ text: 'hello\n', isError: false, exit: { code: 0, endedBy: 'exit' } });
        expect(good.output).toEqual({ bytes: 6, path: null });
        const bad = await perform(sandbox, bash('echo oops; exit 3'));
        expect(bad).toMatchObject({ text: 'oops\n', isError: true, exit: { code: 3, endedBy: 'exit' } });
      });
      it('carry the directory and exported variables to the next command, also across a stop, until a restart', async () => {
        const sandbox = newSandbox();
        const first = await perform(sandbox, bash('pwd'));
        await perform(sandbox, bash('export COLOUR=green && cd /'));
        expect((await perform(sandbox, bash('pwd; echo $COLOUR'))).text).toBe('/\ngreen\n');
        await driver.stop(sandbox.spec.sessionId);
        expect((await perform(sandbox, bash('pwd; echo $COLOUR'))).text).toMatch(/\/\ngreen\n$/);
        await perform(sandbox, { type: 'restart' });
        expect((await perform(sandbox, bash('pwd; echo $COLOUR'))).text).toBe(`${first.text}\n`);
      });
      it('are ended at their time limit', async () => {
        const late = await perform(newSandbox(), bash('echo begun; sleep 600', 200));
        expect(late.isError).toBe(true);
        expect(late.exit?.endedBy).toBe('timeout');
        expect(late.text).toContain('begun');
      });
    });

    describe('calls', () => {
      it('run once when the same id is started twenty times at once', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; sleep 0.1; echo done') };
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => sandbox.call(call, 'start')));
        for (const outcome of outcomes) expect(resultOf(outcome).text).toBe('done\n');
        expect(await fileOf(sandbox, 'count')).toBe('ran\n');
      });
      it('are attached to by a resume while they run, and returned by it afterwards', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; sleep 0.3; echo done') };
        const started = sandbox.call(call, 'start');
        await untilRan(sandbox);
        expect(await sandbox.call(call, 'resume')).toEqual(await started);
        expect(await sandbox.call(call, 'resume')).toEqual(await started);
        expect(await fileOf(sandbox, 'count')).toBe('ran\n');
      });
      it('that nobody started are lost for a resume, and never start afterwards', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count') };
        expect(await sandbox.call(call, 'resume')).toMatchObject({ state: 'lost' });
        expect(await sandbox.call(call, 'start')).toMatchObject({ state: 'lost' });
        expect(await fileExists(sandbox, 'count')).toBe(false);
      });
      it('that were announced are started once, by a resume too, and not after a kill or where they were announced to another sandbox', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; echo done') };
        expect(await sandbox.isAnnounced(call.id)).toBe(false);
        await sandbox.announce(call.id);
        expect(await sandbox.isAnnounced(call.id)).toBe(true);
        expect(resultOf(await sandbox.call(call, 'resume')).text).toContain('done');
        expect(await sandbox.isAnnounced(call.id)).toBe(false);
        expect(resultOf(await sandbox.call(call, 'resume')).text).toContain('done');
        expect(await fileOf(sandbox, 'count')).toBe('ran\n');

        const killed = { id: nextId(), operation: bash('echo ran >> other') };
        await sandbox.announce(killed.id);
        await sandbox.kill(killed.id);
        expect(await sandbox.isAnnounced(killed.id)).toBe(false);
        expect(await sandbox.call(killed, 'resume')).toMatchObject({ state: 'lost' });
        const destroyed = { id: nextId(), operation: bash('echo ran >> other') };
        await sandbox.announce(destroyed.id);
        await driver.destroy(sandbox.spec.sessionId);
        expect(await sandbox.call(destroyed, 'resume')).toMatchObject({ state: 'lost' });
        expect(await fileExists(sandbox, 'other')).toBe(false);
      });
      it('that were killed before they started never start, and the kill starts no sandbox', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count') };
        await sandbox.kill(call.id);
        const row = (await driver.list()).find(({ sessionId }) => sessionId === sandbox.spec.sessionId);
        expect(row?.state ?? 'stopped').toBe('stopped');
        expect(await sandbox.call(call, 'start')).toMatchObject({ state: 'lost' });
        expect(await fileExists(sandbox, 'count')).toBe(false);
      });
      it('that run are ended by a kill, which may be repeated', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; sleep 600') };
        const started = sandbox.call(call, 'start');
        await untilRan(sandbox);
        await sandbox.kill(call.id);
        await sandbox.kill(call.id);
        expect(resultOf(await started)).toMatchObject({ isError: true, exit: { endedBy: 'kill' } });
        expect(await sandbox.call(call, 'resume')).toEqual(await started);
      });
      it('are killed when their signal aborts, which rejects with its reason', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; sleep 600') };
        const abort = new AbortController();
        const started = sandbox.call(call, 'start', abort.signal);
        await untilRan(sandbox);
        const reason = new Error('the user interrupted');
        abort.abort(reason);
        await expect(started).rejects.toBe(reason);
        expect(resultOf(await sandbox.call(call, 'resume')).exit?.endedBy).toBe('kill');
      });
      it('are refused when their id names another operation', async () => {
        const sandbox = newSandbox();
        const id = nextId();
        await sandbox.call({ id, operation: bash('true') }, 'start');
        const other = sandbox.call({ id, operation: bash('false') }, 'start');
        await expect(other).rejects.toSatisfy((error) => isAppError(error) && error.code === 'conflict');
      });
      it('whose sandbox is stopped under them are lost, and are not run again', async () => {
        const sandbox = newSandbox();
        const call = { id: nextId(), operation: bash('echo ran >> count; sleep 600') };
        const started = sandbox.call(call, 'start');
        await untilRan(sandbox);
        await driver.stop(sandbox.spec.sessionId);
        expect(await started).toMatchObject({ state: 'lost' });
        expect(await sandbox.call(call, 'resume')).toMatchObject({ state: 'lost' });
        expect(await sandbox.call(call, 'start')).toMatchObject({ state: 'lost' });
        expect(await fileOf(sandbox, 'count')).toBe('ran\n');
      });
    });

    describe('files', () => {
      it('are written whole, read by lines, and edited where the text is unique', async () => {
        const sandbox = newSandbox();
        const wrote = await perform(sandbox, { type: 'write', path: 'a/b.txt', content: 'one\ntwo\ntwo\n' });
        expect(wrote).toEqual({ text: 'wrote 12 bytes to a/b.txt', isError: false });
        expect(await fileOf(sandbox, 'a/b.txt')).toBe('one\ntwo\ntwo\n');
        const part = await perform(sandbox, { type: 'read', path: 'a/b.txt', range: [2, 2] });
        expect(part.text).toBe('two\n');
        const edit = { type: 'edit', path: 'a/b.txt', oldText: 'two', newText: 'three' } as const;
        const refused = await perform(sandbox, { ...edit, occurrences: 'one' });
        expect(refused.isError).toBe(true);
        expect(refused.text).toContain('occurs 2 times');
        const edited = await perform(sandbox, { ...edit, occurrences: 'all' });
        expect(edited.text).toBe('edited a/b.txt (2 replacements)');
        expect(await fileOf(sandbox, 'a/b.txt')).toBe('one\nthree\nthree\n');
      });
      it('that are missing give an error that names them', async () => {
        const missing = await perform(newSandbox(), { type: 'read', path: 'missing.txt' });
        expect(missing).toEqual({
          text: 'cannot read missing.txt: no such file or directory',
          isError: true,
        });
      });
      it('are found by pattern and by content', async () => {
        const sandbox = newSandbox();
        await perform(sandbox, { type: 'write', path: 'src/old.ts', content: 'let needle = 1\n' });
        await perform(sandbox, { type: 'write', path: 'src/new.ts', content: 'nothing here\n' });
        await perform(sandbox, { type: 'write', path: 'readme.md', content: 'needle\n' });
        expect((await perform(sandbox, { type: 'glob', pattern: '**/*.ts' })).text).toBe(
          'src/new.ts\nsrc/old.ts',
        );
        expect((await perform(sandbox, { type: 'glob', pattern: '*.none' })).text).toBe('no matches');
        const hits = await perform(sandbox, { type: 'grep', pattern: 'need.e', path: 'src' });
        expect(hits.text).toMatch(/src\/old\.ts:1:let needle = 1$/);
        expect((await perform(sandbox, { type: 'grep', pattern: 'absent' })).text).toBe('no matches');
      });
      it("of one session are not another session's", async () => {
        const [one, other] = [newSandbox(), newSandbox()];
        await perform(one, { type: 'write', path: 'secret.txt', content: 'mine' });
        expect(await fileExists(other, 'secret.txt')).toBe(false);
      });
      it('stay when the sandbox stops, and go when it is destroyed', async () => {
        const sandbox = newSandbox();
        const { sessionId } = sandbox.spec;
        await perform(sandbox, { type: 'write', path: 'kept.txt', content: 'kept' });
        await driver.stop(sessionId);
        await driver.stop(sessionId);
        expect(await driver.list()).toContainEqual({ sessionId, state: 'stopped' });
        expect(await fileOf(sandbox, 'kept.txt')).toBe('kept');
        await driver.destroy(sessionId);
        await driver.destroy(sessionId);
        expect((await driver.list()).map((row) => row.sessionId)).not.toContain(sessionId);
        expect(await fileExists(sandbox, 'kept.txt')).toBe(false);
      });
    });

    describe('files of the user', () => {
      const attached = (path: string, content: string) => ({
        path,
        sha256: createHash('sha256').update(content).digest('hex'),
        open: () => Promise.resolve(Readable.from([content])),
      });

      it('appear where they were attached, before the sandbox starts and while it runs, and go again', async () => {
        const sandbox = newSandbox();
        const first = attached('/mnt/session/uploads/data/one.csv', 'a,b\n');
        await sandbox.files.attach([first]);
        expect(await fileOf(sandbox, paths.uploads('data/one.csv'))).toBe('a,b\n');
        const second = attached('/uploads/two.txt', 'two');
        const third = attached('/workspace/sub/three.txt', 'three');
        await sandbox.files.attach([first, second, third]);
        await sandbox.files.attach([first, second, third]);
        expect(await fileOf(sandbox, paths.uploads('two.txt'))).toBe('two');
        expect(await fileOf(sandbox, 'sub/three.txt')).toBe('three');
        await sandbox.files.attach([attached('/mnt/session/uploads/data/one.csv', 'changed')]);
        expect(await fileOf(sandbox, paths.uploads('data/one.csv'))).toBe('changed');
        for (const gone of [paths.uploads('two.txt'), 'sub/three.txt'])
          expect(await fileExists(sandbox, gone)).toBe(false);
      });
      it('and long outputs of tools that run elsewhere can be kept for the agent to read', async () => {
        const sandbox = newSandbox();
        const path = await sandbox.files.keepOutput('sevt_page', 'long text');
        expect(await fileOf(sandbox, path)).toBe('long text');
      });
      it('that the agent leaves in the outputs folder are listed and can be fetched', async () => {
        const sandbox = newSandbox();
        expect(await sandbox.files.outputs()).toEqual([]);
        await perform(sandbox, { type: 'write', path: paths.outputs('a/report.txt'), content: 'results\n' });
        expect(await sandbox.files.outputs()).toMatchObject([{ path: 'a/report.txt', bytes: 8 }]);
        expect(await text(await sandbox.files.openOutput('a/report.txt'))).toBe('results\n');
        for (const path of ['missing', '../state/boot', '/etc/passwd', 'a/../../x']) {
          await expect(sandbox.files.openOutput(path)).rejects.toSatisfy(
            (error) => isAppError(error) && error.code === 'not_found',
          );
        }
      });
    });

    if (hasFileSystem === 'real') hostileFilesContract({ newSandbox, perform });
    if (hasFileSystem === 'real')
      endingsContract({ newSandbox, perform, hasKernels: () => driver.kind !== 'aio' });
    if (hasFileSystem === 'real') programsContract({ newSandbox, perform });
    archiveContract({ newSandbox, perform, fileOf, fileExists });

    it('says what it can do on this host', async () => {
      const probe = await driver.probe();
      expect(probe.why).toBeUndefined();
      expect(probe.ok).toBe(true);
      expect(probe.limits.length).toBeGreaterThan(0);
    });
  });
}
