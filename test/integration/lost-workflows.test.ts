import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporalReset } from '../harness/temporal-reset.ts';
import { compareWithHistory, expectSoundLog } from '../harness/journal-check.ts';
import { createScriptedProvider, type ScriptedProvider } from '../harness/scripted-provider.ts';
import {
  startSessionLab,
  userConfirmation,
  userInterrupt,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';
import { createStageSandbox } from '../harness/stage-sandbox.ts';
import { AGENT, waitingFor } from '../replay/scenarios.ts';

/** Workflows that are reset, terminated or deleted under live sessions: the store is the truth, and the session goes on from it. */
describe('a session whose workflow is not what it was', () => {
  const sandbox = createStageSandbox();
  let provider: ScriptedProvider;
  let lab: SessionLab;

  beforeAll(async () => {
    provider = createScriptedProvider();
    lab = await startSessionLab({ provider, runner: sandbox });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  async function begin(order: string): Promise<string> {
    const { id } = await lab.createSession(AGENT, [userMessage(order)]);
    return id;
  }

  async function sound(id: string): Promise<void> {
    await expectSoundLog(lab, id);
    const { missing, different } = await compareWithHistory(lab, id);
    expect({ missing, different }).toEqual({ missing: [], different: [] });
  }

  it.each([1, 2, 3, 5])('goes on from the store after a Temporal reset by %i activities', async (steps) => {
    const id = await begin('chain 3');
    await lab.rest(id);
    const before = await lab.journal.eventsAfter(id, 0, 1_000);
    const { requests } = provider;
    const effects = sandbox.effects.size;
    await temporalReset(lab.client, id, steps);
    await lab.send(id, [userMessage('hello')]);
    await expect
      .poll(async () => (await lab.types(id)).filter((type) => type === 'agent.message').length, {
        timeout: 20_000,
      })
      .toBe(2);
    await lab.rest(id);
    await sound(id);
    const after = await lab.journal.eventsAfter(id, 0, 1_000);
    expect(after.slice(0, before.length)).toEqual(before);
    // Nothing is asked or done again: only the new message was answered.
    expect(provider.requests - requests).toBe(1);
    expect(sandbox.effects.size).toBe(effects);
  });

  it('keeps a question open through a reset, and takes its answer', async () => {
    const id = await begin('call write');
    const [call = ''] = await waitingFor(lab, id);
    await temporalReset(lab.client, id, 2);
    await lab.send(id, [userConfirmation(call, 'allow')]);
    await expect
      .poll(async () => (await lab.types(id)).includes('agent.message'), { timeout: 20_000 })
      .toBe(true);
    await lab.rest(id);
    await sound(id);
    expect(sandbox.effects.get(call)).toBe(1);
  });

  it.each(['terminated', 'deleted'] as const)(
    'is taken up again in a new epoch when its workflow is %s in the middle of a command',
    async (how) => {
      const before = sandbox.effects.size;
      const id = await begin('run wait');
      await expect.poll(() => sandbox.effects.size).toBe(before + 1);
      await lab.client.workflow.getHandle(id).terminate('by the test');
      if (how === 'deleted') {
        const { namespace } = lab.client.options;
        const workflowExecution = { workflowId: id };
        await lab.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
      }
      await expect.poll(async () => lab.engine.stateOf(id)).toBe('missing');
      sandbox.release();
      await lab.sweepUntilRest(id);
      await sound(id);
      const log = await lab.journal.eventsAfter(id, 0, 1_000);
      expect(log.filter((event) => event.type === 'agent.tool_result')).toHaveLength(1);
      expect(log.filter((event) => event.type === 'agent.message')).toHaveLength(1);
      expect(sandbox.effects.size).toBe(before + 1);
    },
  );

  it('hears an interrupt that is sent while it has no workflow', async () => {
    const id = await begin('hang');
    await lab.see(id, 'span.model_request_start');
    await lab.client.workflow.getHandle(id).terminate('by the test');
    await lab.send(id, [userInterrupt(), userMessage('hello')]);
    await lab.sweepUntilRest(id);
    await sound(id);
    const types = await lab.types(id);
    expect(types.slice(types.indexOf('user.interrupt'))).toContain('agent.message');
  });

  it('stands still as an idle session without a workflow, and wakes for a message', async () => {
    const id = await begin('hello');
    await lab.rest(id);
    await lab.client.workflow.getHandle(id).terminate(randomUUID());
    for (let round = 0; round < 3; round++) await lab.sweeper.sweep();
    expect(await lab.engine.stateOf(id)).toBe('missing');
    await lab.send(id, [userMessage('hello')]);
    await lab.sweepUntilRest(id);
    await sound(id);
    expect((await lab.types(id)).filter((type) => type === 'agent.message')).toHaveLength(2);
  });
});
