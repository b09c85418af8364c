import { expect, it } from 'vitest';
import type { CallOutcome, SandboxCall, SandboxDriver, SandboxSpec } from './sandbox.ts';

/** A driver under test: `reopen` gives a second one on the same sandboxes, as another process would have. */
export interface DriverUnderTest {
  driver: SandboxDriver;
  reopen(): SandboxDriver;
}

let sessions = 0;

export function newSpec(): SandboxSpec {
  sessions++;
  return {
    workspaceId: 'w',
    sessionId: `sesn_${process.pid}x${Date.now()}x${sessions}`,
    environmentId: 'env_1',
  };
}

export function bash(id: string, command: string, timeoutMs = 60_000): SandboxCall {
  return { id, operation: { type: 'bash', command, timeoutMs } };
}

export function textOf(outcome: CallOutcome): string {
  return outcome.state === 'finished' ? outcome.result.text : `lost: ${outcome.reason}`;
}

/** What every sandbox driver promises. `make` gives the driver; the suite destroys the sandboxes it starts. */
export function sandboxContract(make: () => DriverUnderTest): void {
  const within = async (work: (driver: SandboxDriver, spec: SandboxSpec) => Promise<void>): Promise<void> => {
    const { driver } = make();
    const spec = newSpec();
    try {
      await work(driver, spec);
    } finally {
      await driver.destroy(spec.sessionId);
    }
  };

  it('runs a command and gives its output and exit code', () =>
    within(async (driver, spec) => {
      const outcome = await driver.open(spec).call(bash('a', 'echo out; echo err >&2; exit 3'), 'start');
      expect(textOf(outcome)).toContain('out');
      expect(textOf(outcome)).toContain('err');
      expect(outcome).toMatchObject({ state: 'finished', result: { isError: true, exit: { code: 3 } } });
    }));

  it('runs an id once, however often and from wherever it is asked for at the same time', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      const call = bash('same', 'echo x >> count; sleep 0.3; wc -l < count');
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => sandbox.call(call, 'start')));
      for (const outcome of outcomes) expect(textOf(outcome).trim()).toBe('1');
    }));

  it('gives a finished call again, and knows another operation under the same id', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      await sandbox.call(bash('a', 'echo once >> log; cat log'), 'start');
      expect(textOf(await sandbox.call(bash('a', 'echo once >> log; cat log'), 'resume')).trim()).toBe(
        'once',
      );
      await expect(sandbox.call(bash('a', 'echo other'), 'start')).rejects.toMatchObject({
        code: 'conflict',
      });
    }));

  it('re-attaches from another process to a command that runs', async () => {
    const { driver, reopen } = make();
    const spec = newSpec();
    const second = reopen();
    try {
      const call = bash('a', 'echo x >> count; sleep 1; wc -l < count');
      const first = driver.open(spec).call(call, 'start');
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(textOf(await second.open(spec).call(call, 'resume')).trim()).toBe('1');
      expect(textOf(await first).trim()).toBe('1');
    } finally {
      await driver.destroy(spec.sessionId);
      await second.close();
    }
  });

  it('reports an id that was never started as lost, and never starts it afterwards', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      const call = bash('late', 'touch started');
      expect((await sandbox.call(call, 'resume')).state).toBe('lost');
      expect((await sandbox.call(call, 'start')).state).toBe('lost');
      expect(textOf(await sandbox.call(bash('look', 'ls'), 'start'))).not.toContain('started');
    }));

  it('does not start an id that was killed before', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      await driver.ensure(spec);
      await sandbox.kill('a');
      expect((await sandbox.call(bash('a', 'touch started'), 'start')).state).toBe('lost');
    }));

  it('kills a running command with all it started', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      const running = sandbox.call(bash('a', 'sleep 61 & sleep 62'), 'start');
      await new Promise((resolve) => setTimeout(resolve, 400));
      await sandbox.kill('a');
      expect(await running).toMatchObject({ state: 'finished', result: { exit: { endedBy: 'kill' } } });
      expect(textOf(await sandbox.call(bash('b', 'pgrep -x sleep | wc -l'), 'start')).trim()).toBe('0');
    }));

  it('ends a command at its time limit, also one that ignores SIGTERM', () =>
    within(async (driver, spec) => {
      const call = bash('a', 'trap "" TERM; echo begun; while :; do sleep 0.1; done', 500);
      const outcome = await driver.open(spec).call(call, 'start');
      expect(outcome).toMatchObject({ result: { isError: true, exit: { endedBy: 'timeout' } } });
      expect(textOf(outcome)).toContain('begun');
    }));

  it('carries directory and exported variables over, and leaves background processes running', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      await sandbox.call(bash('a', 'mkdir -p deep && cd deep && export COLOUR=blue; sleep 63 &'), 'start');
      const outcome = await sandbox.call(
        bash('b', 'basename $PWD; echo $COLOUR; pgrep -x sleep | wc -l'),
        'start',
      );
      expect(textOf(outcome).trim().split('\n')).toEqual(['deep', 'blue', '1']);
    }));

  it('keeps files over a stop, and nothing over a destroy', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      await sandbox.call(bash('a', 'echo kept > file'), 'start');
      await driver.stop(spec.sessionId);
      expect(textOf(await sandbox.call(bash('b', 'cat file'), 'start'))).toMatch(/restarted[^]*\nkept\n?$/);
      await driver.destroy(spec.sessionId);
      expect((await driver.list()).map((info) => info.sessionId)).not.toContain(spec.sessionId);
      expect(textOf(await sandbox.call(bash('c', 'ls'), 'start')).trim()).toBe('');
    }));

  it('shows the head and the tail of a flood and keeps the whole in a file', () =>
    within(async (driver, spec) => {
      const outcome = await driver.open(spec).call(bash('a', 'echo first; seq 1 400000; echo last'), 'start');
      const text = textOf(outcome);
      expect(text.length).toBeLessThanOrEqual(110_000);
      expect(text).toContain('first');
      expect(text).toContain('last');
      expect(outcome).toMatchObject({ result: { output: { path: expect.any(String) } } });
    }));

  it('writes, reads, edits, finds and searches files', () =>
    within(async (driver, spec) => {
      const sandbox = driver.open(spec);
      const run = async (id: string, operation: SandboxCall['operation']) =>
        textOf(await sandbox.call({ id, operation }, 'start'));
      await run('1', { type: 'write', path: 'src/a.txt', content: 'one\ntwo\nthree\n' });
      expect(await run('2', { type: 'read', path: 'src/a.txt', range: [2, 3] })).toContain('two\nthree');
      await run('3', {
        type: 'edit',
        path: 'src/a.txt',
        oldText: 'two',
        newText: 'zwei',
        occurrences: 'one',
      });
      expect(await run('4', { type: 'grep', pattern: 'zw.i' })).toContain('a.txt:2:zwei');
      expect(await run('5', { type: 'glob', pattern: '**/*.txt' })).toContain('src/a.txt');
      const missing = await sandbox.call({ id: '6', operation: { type: 'read', path: 'nowhere' } }, 'start');
      expect(missing).toMatchObject({ result: { isError: true } });
    }));

  it('ends the call when its signal aborts', () =>
    within(async (driver, spec) => {
      const abort = new AbortController();
      const running = driver.open(spec).call(bash('a', 'sleep 64'), 'start', abort.signal);
      setTimeout(() => abort.abort(new Error('enough')), 300);
      await expect(running).rejects.toThrow('enough');
    }));
}
