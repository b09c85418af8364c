import { describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import { createPatientToolRunner } from './patient-tool-runner.ts';
import type { ToolCall, ToolResult, ToolRunner } from './tool-runner.ts';

const call: ToolCall = {
  workspaceId: 'wrk',
  sessionId: 'sesn',
  toolUseId: 'sevt',
  name: 'bash',
  input: {},
  environmentId: 'env',
};
const done: ToolResult = { content: [{ type: 'text', text: 'done' }], isError: false };
const unavailable = new AppError('sandbox_unavailable', 'bwrap is missing.');

/** A runner that fails with these errors, one after the other, before it succeeds. */
function failing(errors: Error[]): { runner: ToolRunner; modes: string[] } {
  const modes: string[] = [];
  const runner: ToolRunner = {
    async run(_call, mode) {
      modes.push(mode);
      const error = errors[modes.length - 1];
      if (error !== undefined) throw error;
      return done;
    },
    kill: () => Promise.resolve(),
  };
  return { runner, modes };
}

describe('a patient tool runner', () => {
  it('starts again when a sandbox could not be had, in the same mode', async () => {
    const { runner, modes } = failing([unavailable, unavailable]);
    const result = createPatientToolRunner(runner, [1, 1]).run(call, 'start', new AbortController().signal);
    expect(await result).toBe(done);
    expect(modes).toEqual(['start', 'start', 'start']);
  });

  it('tells the model in the end that there is none, and why', async () => {
    const { runner, modes } = failing([unavailable, unavailable, unavailable]);
    const patient = createPatientToolRunner(runner, [1]);
    expect(await patient.run(call, 'start', new AbortController().signal)).toEqual({
      content: [{ type: 'text', text: 'The tool cannot be used now. bwrap is missing.' }],
      isError: true,
    });
    expect(modes).toHaveLength(2);
  });

  it('passes other errors on, and stops waiting when it is told to', async () => {
    const defect = new Error('a defect');
    const signal = new AbortController();
    await expect(
      createPatientToolRunner(failing([defect]).runner, [1]).run(call, 'start', signal.signal),
    ).rejects.toBe(defect);
    const waiting = createPatientToolRunner(failing([unavailable]).runner, [60_000]).run(
      call,
      'start',
      signal.signal,
    );
    const reason = new Error('interrupted');
    setTimeout(() => signal.abort(reason), 10);
    await expect(waiting).rejects.toBe(reason);
  });
});
