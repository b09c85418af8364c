import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);

it('writes what Node says into the log too: warnings, and the error that ends the process', async () => {
  const program = `
    import { createLogger } from ${url('../providers/telemetry/logger.ts')};
    import { runUntilStopped } from ${url('./run-until-stopped.ts')};
    const log = createLogger({ level: 'info', format: 'json' }, 'api', ['the-secret']);
    await runUntilStopped(log, async () => {
      process.emitWarning('something leaks');
      setTimeout(() => { throw new Error('with the-secret in it'); }, 50);
      return { done: new Promise(() => setInterval(() => {}, 1000)), stop: async () => {}, close: async () => {} };
    });`;
  const words = ['--input-type=module', '--eval', program];
  const ended = promisify(execFile)(process.execPath, words);
  const { code, stdout, stderr } = (await ended.catch((error: unknown) => error)) as {
    code: number;
    stdout: string;
    stderr: string;
  };
  expect(code).toBe(1);
  expect(stderr).not.toContain('something leaks');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; err: { message: string } });
  expect(lines.map(({ level, err }) => [level, err.message])).toEqual([
    ['warn', 'something leaks'],
    ['fatal', 'with [redacted] in it'],
  ]);
});
