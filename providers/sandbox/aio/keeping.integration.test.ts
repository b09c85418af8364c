import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startAioDouble, type AioDouble } from '../../../test/harness/aio/server.ts';
import { isAppError } from '../../../core/errors.ts';
import type { SandboxEnvironment, SandboxPackages } from '../environment.ts';
import type { OperationResult } from '../operation.ts';
import type { CallOutcome, Sandbox, SandboxDriver } from '../sandbox.ts';
import { createAioDriver, type AioOptions } from './driver.ts';

const PLENTY = { bytes: 100_000_000, files: 10_000 };
const NONE: SandboxPackages = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

let double: AioDouble;
let scratch: string;
const drivers: SandboxDriver[] = [];
let sessions = 0;
let calls = 0;

function newDriver(options: Partial<AioOptions> = {}): SandboxDriver {
  const driver = createAioDriver({
    dataFolder: join(scratch, String(drivers.length)),
    urls: `${double.url}/{session_id}`,
    apiKey: double.apiKey,
    log: () => {},
    ...options,
  });
  drivers.push(driver);
  return driver;
}
const spec = () => ({ workspaceId: 'wrk', sessionId: `sesn_k${++sessions}`, environmentId: 'env' });
const operationOf = (command: string) => ({ type: 'bash', command, timeoutMs: 60_000 }) as const;
const start = (sandbox: Sandbox, id: string, command: string): Promise<CallOutcome> =>
  sandbox.call({ id, operation: operationOf(command) }, 'start');
async function bash(sandbox: Sandbox, command: string): Promise<OperationResult> {
  const outcome = await start(sandbox, `sevt_k${++calls}`, command);
  if (outcome.state === 'lost') throw new Error(outcome.reason);
  return outcome.result;
}
async function save(sandbox: Sandbox) {
  const saved = await sandbox.archive?.save(null, PLENTY);
  if (saved == null) throw new Error('nothing was saved');
  return { mark: saved.mark, attached: saved.attached, content: await buffer(saved.content) };
}
async function restore(sandbox: Sandbox, saved: Awaited<ReturnType<typeof save>>): Promise<void> {
  const { mark, attached, content } = saved;
  await sandbox.archive?.restore([async () => Readable.from([content])], { mark, attached }, PLENTY);
}
const isUnavailable = (error: unknown): boolean => isAppError(error) && error.code === 'sandbox_unavailable';

describe.skipIf(process.getuid?.() !== 0)('what an AIO Sandbox keeps (needs root for its double)', () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'aio-keeping-'));
    chmodSync(scratch, 0o755);
    double = await startAioDouble({ network: 'host' });
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close();
    await double.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('is saved with what the session added to its home, and without what the container brought along', async () => {
    const one = spec();
    await double.enter(
      one.sessionId,
      'mkdir -p .config/own .cache; echo image > .config/own/a; echo x > .cache/b',
    );
    const driver = newDriver();
    const sandbox = driver.open(one);
    await bash(
      sandbox,
      'echo mine > ~/mine; echo big > ~/.cache/big; mkdir -p ~/.config/chromium; echo p > ~/.config/chromium/p',
    );
    await bash(
      sandbox,
      'ln -s /etc/passwd link; mkfifo pipe; umask 077; echo secret > s; head -c 20M /dev/zero > zeros',
    );
    const saved = await save(sandbox);
    // Zeros are compressed on the way.
    expect(saved.content.length).toBeLessThan(1_000_000);
    const other = newDriver().open(spec());
    await restore(other, saved);
    expect((await bash(other, 'cd; find . -type f | sort; cat mine')).text).toContain('./mine\nmine\n');
    expect((await bash(other, 'find ~ -path "*own*" -o -path "*.cache/*" -o -name p')).text).toBe('');
    expect((await bash(other, 'cd /workspace; readlink link; stat -c %a s; ls; wc -c < zeros')).text).toBe(
      '/etc/passwd\n600\nlink\ns\nzeros\n20971520\n',
    );
  });
  it('is known to be lost when the container was made anew, and can be put back', async () => {
    const one = spec();
    const driver = newDriver();
    const sandbox = driver.open(one);
    expect(await driver.apart?.look(one, 'if_known')).toBe('kept');
    await bash(sandbox, 'echo kept > a');
    expect(await driver.apart?.look(one, 'always')).toBe('kept');
    const saved = await save(sandbox);
    await double.recreate(one.sessionId);
    // Nothing runs in a container that does not hold what it should.
    await expect(start(sandbox, 'sevt_after', 'echo ran >> after')).rejects.toSatisfy(isUnavailable);
    await expect(start(sandbox, 'sevt_after', 'echo ran >> after')).rejects.toSatisfy(isUnavailable);
    expect(await driver.apart?.look(one, 'if_known')).toBe('lost');
    await driver.apart?.renew(one);
    await restore(sandbox, saved);
    expect(await driver.apart?.look(one, 'always')).toBe('kept');
    // It did nothing before, so that it starts now.
    expect(await start(sandbox, 'sevt_after', 'echo ran >> after')).toMatchObject({ state: 'finished' });
    expect((await bash(sandbox, 'cat a after')).text).toBe('kept\nran\n');
  });
  it('does not let a call that began in a lost container start again in the next', async () => {
    const one = spec();
    const driver = newDriver();
    const sandbox = driver.open(one);
    await bash(sandbox, 'true');
    const running = start(sandbox, 'sevt_cut', 'touch begun; sleep 60; echo ran >> /workspace/cut').catch(
      (error: unknown) => error,
    );
    while ((await bash(sandbox, 'ls')).text !== 'begun\n') continue;
    await double.recreate(one.sessionId);
    const first = await running;
    expect(isUnavailable(first)).toBe(true);
    await driver.apart?.renew(one);
    expect(
      await start(sandbox, 'sevt_cut', 'touch begun; sleep 60; echo ran >> /workspace/cut'),
    ).toMatchObject({
      state: 'lost',
    });
    expect((await bash(sandbox, 'ls')).text).toBe('');
  });
  it('is not taken for whole while it is being put back', async () => {
    const one = spec();
    const driver = newDriver();
    const sandbox = driver.open(one);
    await bash(sandbox, 'echo kept > a');
    const { content } = await save(sandbox);
    await double.recreate(one.sessionId);
    await driver.apart?.renew(one);
    const broken = [
      async () => Readable.from([content]),
      async () => Readable.from([Buffer.from('no archive')]),
    ];
    await expect(sandbox.archive?.restore(broken, { mark: 'mark', attached: {} }, PLENTY)).rejects.toSatisfy(
      (error) => isAppError(error) && error.code === 'invalid_request',
    );
    expect(await driver.apart?.look(one, 'always')).toBe('lost');
    await driver.apart?.renew(one);
    expect((await bash(sandbox, 'ls')).text).toBe('');
  });
  it('is not touched by the session that had the container of a pool before it was made anew', async () => {
    const driver = newDriver({ urls: [`${double.url}/shared-1`, `${double.url}/shared-2`] });
    const [first, second] = [spec(), spec()];
    await bash(driver.open(first), 'echo first > mine');
    await double.recreate('shared-1');
    await bash(driver.open(second), 'echo second > mine');
    await expect(bash(driver.open(first), 'true')).rejects.toSatisfy(isUnavailable);
    await driver.apart?.renew(first);
    expect((await bash(driver.open(first), 'ls')).text).toBe('');
    await driver.destroy(first.sessionId);
    expect((await bash(driver.open(second), 'cat mine')).text).toBe('second\n');
  });
  it(
    'has the packages of its environment: installed once, found by commands and by code',
    { timeout: 300_000 },
    async ({ skip }) => {
      const reached = await fetch('https://registry.npmjs.org/is-odd').catch(() => undefined);
      if (reached?.ok !== true) skip('the npm registry cannot be reached from here');
      const one = spec();
      const environment: SandboxEnvironment = {
        network: { mode: 'unrestricted' },
        packages: { ...NONE, npm: ['is-odd@3.0.1'], pip: ['iniconfig==2.0.0'] },
        wished: { ...NONE, npm: ['is-odd@3.0.1', 'this-package-does-not-exist-for-sure-0'], pip: [] },
      };
      const driver = newDriver({ environmentOf: async () => environment });
      const sandbox = driver.open(one);
      expect((await bash(sandbox, `node -e "console.log(require('is-odd')(3))"`)).text).toBe('true\n');
      expect((await bash(sandbox, 'python3 -c "import iniconfig; print(iniconfig.__name__)"')).text).toBe(
        'iniconfig\n',
      );
      const code = (language: 'python' | 'javascript', text: string) =>
        sandbox.call(
          { id: `sevt_k${++calls}`, operation: { type: 'code', language, code: text, timeoutMs: 30_000 } },
          'start',
        );
      expect(await code('javascript', "require('is-odd')(3)")).toMatchObject({ result: { text: 'true\n' } });
      expect(await code('python', 'import iniconfig; iniconfig.__name__')).toMatchObject({
        result: { text: "'iniconfig'\n" },
      });
      const stamps = 'stat -c %Y /opt/packages/.done-* | sort -u';
      const before = (await bash(sandbox, stamps)).text;
      await driver.stop(one.sessionId);
      expect((await bash(sandbox, stamps)).text).toBe(before);
      expect((await bash(sandbox, 'ls -A ~ | grep -v managed-agent')).text).toBe('.ipython\n.node_modules\n');
    },
  );
  it('says which packages cannot be installed, and why', async () => {
    const packages = { ...NONE, npm: ['this-package-does-not-exist-for-sure-0'] };
    const environmentOf = async (): Promise<SandboxEnvironment> => ({ network: { mode: 'none' }, packages });
    const sandbox = newDriver({ environmentOf }).open(spec());
    await expect(bash(sandbox, 'true')).rejects.toThrow(
      /npm packages of the environment \(this-package-does-not-exist-for-sure-0\) cannot be installed: .+/s,
    );
  });
});
