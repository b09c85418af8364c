import { describe, expect, it } from 'vitest';
import { AppError } from '../core/errors.ts';
import { createPatientToolRunner, type Patience } from './patient-tool-runner.ts';
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
const begun = new AppError('sandbox_unavailable', 'It does not answer.', { details: { begun: true } });
const away = new AppError('unavailable', 'The database cannot be reached.');

function patience(...sandboxMs: number[]): Patience {
  return { sandboxMs, storageMs: [1, 1] };
}

/** A runner that fails with these errors, one after the other, before it succeeds. */
function failing(errors: Error[]): { runner: ToolRunner; modes: string[]; kills: string[] } {
  const modes: string[] = [];
  const kills: string[] = [];
  const runner: ToolRunner = {
    async run(_call, mode) {
      modes.push(mode);
      const error = errors[modes.length - 1];
      if (error !== undefined) throw error;
      return done;
    },
    kill: async ({ toolUseId }) => void kills.push(toolUseId),
  };
  return { runner, modes, kills };
}

describe('a patient tool runner', () => {
  it('starts again when a sandbox could not be had, in the same mode', async () => {
    const { runner, modes } = failing([unavailable, unavailable]);
    const result = createPatientToolRunner(runner, patience(1, 1)).run(
      call,
      'start',
      new AbortController().signal,
    );
    expect(await result).toBe(done);
    expect(modes).toEqual(['start', 'start', 'start']);
  });

  it('tells the model in the end that there is none, and why', async () => {
    const { runner, modes, kills } = failing([unavailable, unavailable, unavailable]);
    const patient = createPatientToolRunner(runner, patience(1));
    expect(await patient.run(call, 'start', new AbortController().signal)).toEqual({
      content: [{ type: 'text', text: 'The tool cannot be used now. bwrap is missing.' }],
      isError: true,
      unavailable: true,
    });
    expect(modes).toHaveLength(2);
    expect(kills).toEqual([]);
  });

  it.each([
    ['a start that was claimed before the sandbox went away', 'start', [unavailable, begun, unavailable]],
    ['a call that an earlier attempt began', 'resume', [unavailable, unavailable, unavailable]],
  ] as const)('ends %s, and tells the model that its outcome is unknown', async (_what, mode, errors) => {
    const { runner, kills } = failing([...errors]);
    const patient = createPatientToolRunner(runner, patience(1, 1));
    const result = await patient.run(call, mode, new AbortController().signal);
    expect(result).toMatchObject({ isError: true, lost: true });
    expect(JSON.stringify(result.content)).toMatch(/outcome of this call is unknown/);
    expect(kills).toEqual([call.toolUseId]);
  });

  it('waits for a database that is away as long as for both, and passes it on in the end', async () => {
    const { runner, modes } = failing([away, unavailable, away]);
    const signal = new AbortController().signal;
    expect(await createPatientToolRunner(runner, patience(1)).run(call, 'start', signal)).toBe(done);
    expect(modes).toEqual(['start', 'start', 'start', 'start']);
    const gone = createPatientToolRunner(failing([away, away, away]).runner, patience());
    await expect(gone.run(call, 'start', signal)).rejects.toBe(away);
  });

  it('passes other errors on, and stops waiting when it is told to', async () => {
    const defect = new Error('a defect');
    const signal = new AbortController();
    await expect(
      createPatientToolRunner(failing([defect]).runner, patience(1)).run(call, 'start', signal.signal),
    ).rejects.toBe(defect);
    const waiting = createPatientToolRunner(failing([unavailable]).runner, patience(60_000)).run(
      call,
      'start',
      signal.signal,
    );
    const reason = new Error('interrupted');
    setTimeout(() => signal.abort(reason), 10);
    await expect(waiting).rejects.toBe(reason);
  });
});
