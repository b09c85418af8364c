import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

import { startAioDouble, type AioDouble } from '../../../test/harness/aio/server.ts';
import { isAppError } from '../../../core/errors.ts';
import type { BrowserAction } from '../browser-action.ts';
import { processPlace } from '../../host/process-place.ts';
import type { OperationResult, SandboxOperation } from '../operation.ts';
import type { Sandbox, SandboxDriver } from '../sandbox.ts';
import { createAioApi } from './api.ts';
import { createAioDriver, type AioOptions } from './driver.ts';
import { createGuard } from './guard.ts';

let double: AioDouble;
let scratch: string;
const drivers: SandboxDriver[] = [];
let folders = 0;
function newDriver(options: Partial<AioOptions> = {}): SandboxDriver {
  const driver = createAioDriver({
    dataFolder: join(scratch, String(++folders)),
    urls: `${double.url}/{session_id}`,
    apiKey: double.apiKey,
    log: () => {},
    ...options,
  });
  drivers.push(driver);
  return driver;
}
let sessions = 0;
let calls = 0;
const spec = (sessionId = `sesn_${++sessions}`) => ({ workspaceId: 'wrk', sessionId, environmentId: 'env' });
async function perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult> {
  const outcome = await sandbox.call({ id: `sevt_${++calls}`, operation }, 'start');
  if (outcome.state === 'lost') throw new Error(outcome.reason);
  return outcome.result;
}
const bash = (sandbox: Sandbox, command: string): Promise<OperationResult> =>
  perform(sandbox, { type: 'bash', command, timeoutMs: 60_000 });
const browse = (sandbox: Sandbox, browser: BrowserAction): Promise<OperationResult> =>
  perform(sandbox, { type: 'browser', browser });

describe.skipIf(process.getuid?.() !== 0)('an AIO Sandbox (needs root for its double)', () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'aio-endpoints-'));
    chmodSync(scratch, 0o755);
    double = await startAioDouble();
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close();
    await double.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('runs code in its own runtimes, which keep their variables and show pictures and errors', async () => {
    const sandbox = newDriver().open(spec());
    const code = (language: 'python' | 'javascript', text: string) =>
      perform(sandbox, { type: 'code', language, code: text, timeoutMs: 30_000 });
    expect((await code('python', 'x = 20\nprint("hi")')).text).toBe('hi\n');
    expect((await code('python', 'x + 2')).text).toBe('22\n');
    const wrong = await code('python', '1 / 0');
    expect(wrong).toMatchObject({ isError: true, text: expect.stringContaining('ZeroDivisionError') });
    expect(await code('javascript', 'var y = 20; console.log("hi")')).toEqual({
      text: 'hi\n',
      isError: false,
    });
    expect((await code('javascript', 'y + 2')).text).toBe('22\n');
    const thrown = await code('javascript', 'missing()');
    expect(thrown).toMatchObject({ isError: true, text: expect.stringContaining('ReferenceError') });
    expect((await code('javascript', 'y * 2')).text).toBe('40\n');
    expect((await bash(sandbox, 'pwd')).text).toBe('/workspace\n');
  });
  it('ends code that takes too long, and says when AIO ended a runtime with its variables', async () => {
    const one = spec();
    const sandbox = newDriver().open(one);
    const code = (text: string, timeoutMs: number) =>
      perform(sandbox, { type: 'code', language: 'javascript', code: text, timeoutMs });
    // Longer than AIO allows: it is asked for what it does allow.
    expect((await code('var kept = 1; kept', 1_800_000)).text).toBe('1\n');
    const late = await code('for (;;);', 1_000);
    expect(late).toMatchObject({ isError: true, text: expect.stringContaining('took longer than 1 s') });
    const api = createAioApi(`${double.url}/${one.sessionId}`, () => double.apiKey);
    await api.call('DELETE', `/v1/nodejs/sessions/managed-agent-${one.sessionId}`, z.unknown());
    const after = await code('typeof kept', 30_000);
    expect(after.text).toMatch(/^\[AIO had ended this language's runtime .* are gone\]\nundefined\n$/);
  });
  it('kills code, and its variables with it', async () => {
    const sandbox = newDriver().open(spec());
    const operation = (text: string) =>
      ({ type: 'code', language: 'javascript', code: text, timeoutMs: 60_000 }) as const;
    await perform(sandbox, operation('var kept = 1'));
    const asked = () => double.requests.filter((row) => row.endsWith('nodejs/execute')).length;
    const before = asked();
    const running = sandbox.call({ id: 'sevt_endless', operation: operation('for (;;);') }, 'start');
    await vi.waitUntil(() => asked() > before);
    await sandbox.kill('sevt_endless');
    expect(await running).toMatchObject({ result: { isError: true, exit: { endedBy: 'kill' } } });
    expect((await perform(sandbox, operation('typeof kept'))).text).toBe('undefined\n');
  });
  it('starts, lists, reads, writes to and kills processes as its bash sessions', async () => {
    const sandbox = newDriver().open(spec());
    const act = (process: Extract<SandboxOperation, { type: 'process' }>['process']) =>
      perform(sandbox, { type: 'process', process });
    expect((await act({ do: 'start', command: 'read line; echo "got $line"; sleep 600' })).text).toBe(
      'started p1',
    );
    await act({ do: 'write', id: 'p1', input: 'words\n' });
    let said = '';
    while (!said.includes('got words')) said = (await act({ do: 'read', id: 'p1', offset: null })).text;
    expect((await act({ do: 'list' })).text).toMatch(/^p1 {2}running {2}read line/);
    await act({ do: 'kill', id: 'p1', signal: 'SIGKILL' });
    while (!(await act({ do: 'list' })).text.startsWith('p1  ended')) continue;
    expect((await act({ do: 'read', id: 'p9', offset: null })).isError).toBe(true);
  });
  it('drives its browser by references from its numbered elements, and says what it cannot do', async () => {
    const { sessionId, ...rest } = spec();
    const sandbox = newDriver().open({ sessionId, ...rest });
    const page = await browse(sandbox, { action: 'navigate', url: 'example.com' });
    expect(page.text).toContain('Text of https://example.com');
    expect(page.text).toContain('selector="#name" [ref=e1]');
    await browse(sandbox, { action: 'type', ref: 'e1', text: 'Ada', submit: true });
    await browse(sandbox, { action: 'click', ref: 'e0', button: 'left', clicks: 2 });
    await browse(sandbox, { action: 'select', ref: 'e2', values: ['two'] });
    await browse(sandbox, { action: 'press', key: 'Control+a' });
    expect(double.browserOf(sessionId)?.done).toEqual([
      'POST page/navigate {"url":"https://example.com","timeout":30}',
      'POST page/fill {"index":1,"text":"Ada"}',
      'POST page/press_key {"key":"Enter"}',
      'POST page/click {"index":0,"button":"left","click_count":2}',
      'POST page/select_option {"selector":"#choice","value":"two"}',
      'POST page/hot_key {"keys":["Control","a"]}',
    ]);
    expect(await browse(sandbox, { action: 'screenshot', extent: 'page' })).toMatchObject({
      isError: false,
      image: { mediaType: 'image/png' },
    });
    expect(await browse(sandbox, { action: 'click', ref: 'e9', button: 'left', clicks: 1 })).toEqual({
      text: 'Element index out of range',
      isError: true,
    });
    expect(await browse(sandbox, { action: 'select', ref: 'e2', values: ['a', 'b'] })).toEqual({
      text: 'AIO selects one option at a time',
      isError: true,
    });
  });
  it('runs a call once for two workers, and a call of a worker that is gone is lost and not repeated', async () => {
    const one = spec();
    const [first, second] = [newDriver().open(one), newDriver().open(one)];
    const call = {
      id: 'sevt_shared',
      operation: {
        type: 'bash',
        command: 'echo ran >> count; sleep 0.5; echo done',
        timeoutMs: 60_000,
      } as const,
    };
    const outcomes = await Promise.all([first.call(call, 'start'), second.call(call, 'start')]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ result: { text: 'done\n' } });
    expect((await bash(first, 'cat count')).text).toBe('ran\n');
    // As a worker leaves it that dies between its claim and the end: claimed inside, and held by nobody.
    const root = `/home/gem/.managed-agent/${one.sessionId}`;
    const guard = createGuard(
      createAioApi(`${double.url}/${one.sessionId}`, () => double.apiKey),
      one.sessionId,
      root,
    );
    const operation = { type: 'write', path: 'late', content: 'x' } as const;
    const hash = createHash('sha256').update(JSON.stringify(operation)).digest('hex');
    const claims = { mode: 'start', hash, kind: 'held' };
    const dead = {
      ...claims,
      id: 'sevt_dead',
      owner: JSON.stringify([processPlace(), 1, 'x']),
      seconds: 600,
    };
    const late = { ...claims, id: 'sevt_late', owner: JSON.stringify(['another-host', 1, 'x']), seconds: 0 };
    for (const claim of [dead, late]) {
      await guard.ask('begin', z.unknown(), claim);
      const outcome = await second.call({ id: claim.id, operation }, 'start');
      expect(outcome).toMatchObject({ state: 'lost', reason: expect.stringContaining('cut off') });
    }
    expect((await bash(first, 'ls late 2>&1; true')).text).toContain('No such file');
  });
  it('keeps long output as a file, and cuts a flood', async () => {
    const sandbox = newDriver({ limits: { outputCharacters: 2_000, outputFileBytes: 100_000 } }).open(spec());
    const flood = await bash(sandbox, 'seq 1 200000');
    expect(flood.text.length).toBeLessThan(2_000);
    expect(flood.output).toMatchObject({ bytes: 1_288_895, path: expect.stringContaining('tool-outputs') });
    expect(flood.text).toMatch(/^1\n2\n[\s\S]*its first 100000 bytes are saved[\s\S]*200000\n$/);
    expect(
      (
        await bash(
          sandbox,
          `head -c 4 ${flood.output?.path}; yes "$(printf 'x%.0s' {1..9})" | head -c 5000 | wc -c`,
        )
      ).text,
    ).toBe('1\n2\n5000\n');
  });
  it('refuses hostile paths in and out: no escape, no hang', async () => {
    const sandbox = newDriver().open(spec());
    await bash(
      sandbox,
      'cd /mnt/session/outputs; mkfifo pipe; ln -s /etc/passwd link; ln -s / root; mkdir folder; echo fine > fine; ln -s loop loop',
    );
    expect((await sandbox.files.outputs()).map(({ path }) => path)).toEqual(['fine']);
    for (const path of [
      'pipe',
      'folder',
      'missing',
      'loop',
      '../../etc/passwd',
      'folder/../../x',
      '/etc/passwd',
    ])
      await expect(sandbox.files.openOutput(path), path).rejects.toSatisfy(
        (error) => isAppError(error) && error.code === 'not_found',
      );
    for (const path of [
      '/mnt/session/outputs/pipe',
      '/dev/zero',
      '/mnt/session/outputs/loop',
      '/proc/self/mem',
    ]) {
      expect((await perform(sandbox, { type: 'read', path })).isError, path).toBe(true);
    }
  });
  it('takes a container of a pool for one session, and never for another, until it was made anew', async () => {
    const urls = [`${double.url}/pool-1`, `${double.url}/pool-2`];
    const driver = newDriver({ urls });
    const [one, two] = [driver.open(spec()), driver.open(spec())];
    await bash(one, 'echo one > mine');
    await bash(two, 'echo two > mine');
    expect((await bash(one, 'cat mine')).text).toBe('one\n');
    await expect(bash(driver.open(spec()), 'true')).rejects.toThrow(/No AIO Sandbox is free/);
    await driver.destroy(one.spec.sessionId);
    await expect(bash(driver.open(spec()), 'true')).rejects.toThrow(/No AIO Sandbox is free/);
    // Another host finds the container that the session has.
    expect((await bash(newDriver({ urls }).open(two.spec), 'cat mine')).text).toBe('two\n');
    await double.recreate('pool-1');
    expect((await bash(driver.open(spec()), 'ls')).text).toBe('');
  });
  it('says what it does not isolate, that it has no key, and when it cannot be reached', async () => {
    const probe = await newDriver({ apiKey: null }).probe();
    expect(probe.limits.join('\n')).toMatch(/NOT enforced[\s\S]*WITHOUT an API key/);
    const wrong = newDriver({ urls: [`${double.url}/x`], apiKey: 'wrong' });
    expect(await wrong.probe()).toMatchObject({ ok: false, why: expect.stringContaining('401') });
    await expect(bash(newDriver({ apiKey: 'wrong' }).open(spec()), 'true')).rejects.toSatisfy(
      (error) => isAppError(error) && error.code === 'sandbox_unavailable',
    );
  });
});
