import { expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import type { ToolCall, ToolRunner } from '../../tools/tool-runner.ts';
import { createResidentToolRunner } from './resident-tool-runner.ts';

const call: ToolCall = {
  workspaceId: 'w',
  sessionId: 's',
  toolUseId: 't',
  name: 'bash',
  input: {},
  environmentId: 'e',
};

function stage(run: ToolRunner['run']) {
  const steps: string[] = [];
  const runner = createResidentToolRunner(
    { run, kill: async () => undefined },
    { settle: async () => void steps.push('settle'), doubt: () => void steps.push('doubt') },
    { began: () => void steps.push('began'), ended: () => void steps.push('ended') },
  );
  return { steps, run: () => runner.run(call, 'start', new AbortController().signal) };
}

it('settles the sandbox first, and counts the call while it runs', async () => {
  const text = { type: 'text', text: 'ran' } as const;
  const { steps, run } = stage(async () => ({ content: [text], isError: false }));
  expect(await run()).toEqual({ content: [text], isError: false });
  expect(steps).toEqual(['settle', 'began', 'ended']);
});

it('has the sandbox looked at again when it cannot be had', async () => {
  const { steps, run } = stage(async () => {
    throw new AppError('sandbox_unavailable', 'gone');
  });
  await expect(run()).rejects.toThrow('gone');
  expect(steps).toEqual(['settle', 'began', 'doubt', 'ended']);
});

it('counts a call that fails as ended', async () => {
  const { steps, run } = stage(async () => {
    throw new Error('broken');
  });
  await expect(run()).rejects.toThrow('broken');
  expect(steps).toEqual(['settle', 'began', 'ended']);
});
