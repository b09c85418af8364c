import { describe, expect, it, vi } from 'vitest';

import type { OperationResult, ProcessAction, SandboxOperation } from '../operation.ts';
import type { Sandbox } from '../sandbox.ts';

/** What the cases need of the suite that they are part of. */
export interface ProgramsContext {
  newSandbox(): Sandbox;
  perform(sandbox: Sandbox, operation: SandboxOperation): Promise<OperationResult>;
}

/** What every driver with a system of its own promises about code that keeps its variables, and about processes that outlive their call. */
export function programsContract({ newSandbox, perform }: ProgramsContext): void {
  const run = (sandbox: Sandbox, language: 'python' | 'javascript', code: string): Promise<OperationResult> =>
    perform(sandbox, { type: 'code', language, code, timeoutMs: 30_000 });
  const act = async (sandbox: Sandbox, action: ProcessAction): Promise<string> =>
    (await perform(sandbox, { type: 'process', process: action })).text;

  describe.each([
    ['python', 'x = 20', 'x + 1', '21\n', 'raise ValueError("no such thing")'],
    ['javascript', 'const x = 20', 'x + 1', '21\n', 'throw new Error("no such thing")'],
  ] as const)('code in %s', (language, keep, use, shown, fail) => {
    it('keeps its variables, shows its value, and says how it failed', async () => {
      const [sandbox, other] = [newSandbox(), newSandbox()];
      expect(await run(sandbox, language, keep)).toMatchObject({ isError: false });
      expect(await run(sandbox, language, use)).toMatchObject({ text: shown, isError: false });
      expect(await run(sandbox, language, fail)).toMatchObject({
        isError: true,
        text: expect.stringContaining('no such thing'),
      });
      expect((await run(sandbox, language, use)).text).toBe(shown);
      expect(await run(other, language, use)).toMatchObject({ isError: true });
    });
  });

  describe('a process', () => {
    it('runs on after its call, is talked to, and ends when it is told to', async () => {
      const sandbox = newSandbox();
      await act(sandbox, { do: 'start', command: 'while read -r line; do echo "heard $line"; done' });
      await vi.waitFor(
        async () => expect(await act(sandbox, { do: 'list' })).toMatch(/^p1 {2}running/),
        20_000,
      );
      await act(sandbox, { do: 'write', id: 'p1', input: 'one\ntwo\n' });
      await vi.waitFor(
        async () =>
          expect(await act(sandbox, { do: 'read', id: 'p1', offset: 0 })).toContain('heard one\nheard two'),
        20_000,
      );
      await act(sandbox, { do: 'kill', id: 'p1', signal: 'SIGKILL' });
      await vi.waitFor(
        async () => expect(await act(sandbox, { do: 'list' })).toMatch(/^p1 {2}(exited|ended)/),
        20_000,
      );
    });
  });
}
