import { afterAll, describe, expect, it, vi } from 'vitest';

import type { OperationResult, ProcessAction } from '../operation.ts';
import type { Sandbox } from '../sandbox.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';
import { findChromium } from './find-chromium.ts';

describe('in a bubblewrap sandbox', () => {
  const lab = createSandboxLab();
  afterAll(() => lab.close());
  const python = (sandbox: Sandbox, code: string, timeoutMs = 30_000): Promise<OperationResult> =>
    lab.perform(sandbox, { type: 'code', language: 'python', code, timeoutMs });
  const process = async (sandbox: Sandbox, action: ProcessAction): Promise<string> =>
    (await lab.perform(sandbox, { type: 'process', process: action })).text;

  describe('code', () => {
    it('of calls at the same time has one set of variables', async () => {
      const sandbox = lab.sandbox();
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => python(sandbox, `${name} = 1`)));
      expect((await python(sandbox, 'a + b + c + d')).text).toBe('4\n');
    });
    it('is interrupted at its time limit, or ended when it does not listen, and can go on', async () => {
      const sandbox = lab.sandbox();
      await python(sandbox, 'x = 5\nimport time');
      const late = await python(sandbox, 'time.sleep(60)', 1_000);
      expect(late).toMatchObject({ isError: true, exit: { endedBy: 'timeout' } });
      expect((await python(sandbox, 'x')).text).toBe('5\n');
      const deaf = 'import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass';
      expect((await python(sandbox, deaf, 1_000)).text).toContain('its variables are lost');
      expect((await python(sandbox, '"x" in globals()')).text).toBe('False\n');
    });
    it('writes long output to a file, and what its programs write too', async () => {
      const sandbox = lab.sandbox();
      const flood = await python(
        sandbox,
        'print("line\\n" * 100000)\nimport os\nos.system("echo from a program")',
      );
      expect(flood.text).toContain('from a program');
      expect(flood.text.length).toBeLessThan(100_000);
      expect(flood.output?.path).toMatch(/^\/mnt\/session\/tool-outputs\//);
    });
  });

  describe('a process', () => {
    it('goes on when it writes more than is kept', async () => {
      const sandbox = lab.sandbox();
      await process(sandbox, {
        do: 'start',
        command: 'head -c 20M /dev/zero | tr "\\0" x; echo > /workspace/written; sleep 600',
      });
      await lab.bash(sandbox, 'until [ -s written ]; do sleep 0.1; done');
      expect(await process(sandbox, { do: 'list' })).toMatch(/^p1 {2}running/);
      expect(await process(sandbox, { do: 'read', id: 'p1', offset: 0 })).toMatch(
        /bytes 0 to 65536 of 16777216/,
      );
      expect(await process(sandbox, { do: 'read', id: 'p1', offset: null })).toContain('kept no further');
    });
    it('is ended with all that it started, and stays in the list', async () => {
      const sandbox = lab.sandbox();
      await process(sandbox, { do: 'start', command: 'sleep 4141 & sleep 4141' });
      await lab.bash(sandbox, 'until [ $(pgrep -fc "^sleep 4141") = 2 ]; do sleep 0.1; done');
      await process(sandbox, { do: 'kill', id: 'p1', signal: 'SIGKILL' });
      await lab.bash(sandbox, 'while pgrep -f "^sleep 4141"; do sleep 0.1; done');
      await vi.waitFor(async () =>
        expect(await process(sandbox, { do: 'list' })).toMatch(/^p1 {2}exited with 137/),
      );
      expect(await process(sandbox, { do: 'write', id: 'p1', input: 'x\n' })).toBe('process p1 does not run');
      expect(await process(sandbox, { do: 'read', id: 'p7', offset: null })).toBe('there is no process "p7"');
    });
  });

  describe.skipIf(findChromium() === null)('the browser', () => {
    const look = (sandbox: Sandbox, url: string): Promise<OperationResult> =>
      lab.perform(sandbox, { type: 'browser', browser: { action: 'navigate', url } });

    it('comes back when it was killed, and says what happened beside an action', async () => {
      const sandbox = lab.sandbox();
      expect((await look(sandbox, 'data:text/html,<title>One</title>')).text).toContain('Title: One');
      await lab.bash(sandbox, 'pkill -9 chromium; pkill -9 -f browser/main.cjs; true');
      const again = await vi.waitUntil(
        async () => {
          const result = await look(sandbox, 'data:text/html,<script>alert("hello")</script>two');
          return result.isError ? undefined : result;
        },
        { timeout: 60_000, interval: 200 },
      );
      expect(again.text).toContain('A dialog of the page (alert) said "hello" and was dismissed.');
    });
    it('shows what a page fetches after a click', async () => {
      const sandbox = lab.sandbox();
      const page = `<button onclick="fetch('/slow').then((r) => r.text()).then((t) => document.body.append(t))">Go</button>`;
      const server = `require('http').createServer((q, s) => q.url === '/slow' ? setTimeout(() => s.end('it came'), 700) : (s.setHeader('content-type', 'text/html'), s.end(process.env.PAGE))).listen(8200)`;
      await lab.perform(sandbox, { type: 'write', path: 'server.cjs', content: server });
      await lab.perform(sandbox, { type: 'write', path: 'page.html', content: page });
      await process(sandbox, { do: 'start', command: 'PAGE="$(cat page.html)" exec node server.cjs' });
      await lab.bash(sandbox, 'until curl -sf localhost:8200 > /dev/null; do sleep 0.1; done');
      const ref =
        /button "Go" \[ref=(\w+)\]/.exec((await look(sandbox, 'http://localhost:8200/')).text)?.[1] ?? '';
      const clicked = await lab.perform(sandbox, {
        type: 'browser',
        browser: { action: 'click', ref, button: 'left', clicks: 1 },
      });
      expect(clicked.text).toContain('it came');
    });
  });
});
