import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_LIMITS, type TurnLimits } from '../../core/journal/turn.ts';
import type { Budget } from '../../core/journal/view.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userConfirmation, userInterrupt, userMessage } from '../harness/session-lab.ts';
import { startTestServices, type TestServices } from '../harness/start-test-services.ts';
import { AGENT, createStageRunner, waitingFor } from '../replay/scenarios.ts';

/** Each response of the scripted model has two tokens of output: one cent. */
const PRICES = { input: 0, output: 5_000 };
const cents = (amount: number): Budget => ({
  type: 'limit',
  max_list_cost: { amount: String(amount), currency: 'USD' },
});

describe('a session that pauses by itself', () => {
  let services: TestServices;
  let stop: (() => Promise<void>) | null = null;
  beforeAll(async () => {
    services = await startTestServices();
  });
  afterEach(async () => {
    await stop?.();
    stop = null;
  });
  afterAll(async () => services.stop());

  async function open(turns?: TurnLimits) {
    const provider = createScriptedProvider();
    const lab = await startSessionLab({
      provider,
      services,
      runner: createStageRunner().runner,
      catalog: createModelCatalog({
        settings: [{ id: 'claude-test', provider: 'anthropic', prices: PRICES }],
        usable: ['anthropic'],
      }),
      ...(turns ? { turns } : {}),
    });
    await lab.startWorker();
    stop = lab.stop;
    return { lab, provider };
  }

  it('stops between two requests when its budget is reached, and goes on each time it is raised', async () => {
    const { lab, provider } = await open();
    const { id } = await lab.createSession(AGENT, [userMessage('chain 3')], cents(1));
    for (const paid of [1, 2, 3]) {
      const head = await lab.rest(id);
      expect(head).toMatchObject({
        stop: { type: 'budget_reached' },
        usage: { list_cost_nano_usd: paid * 1e7 },
      });
      expect(provider.requests).toBe(paid);
      await lab.setBudget(id, paid === 3 ? null : cents(paid + 1));
    }
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'end_turn' } });
    const types = await lab.types(id);
    expect(types.filter((type) => type === 'session.status_running')).toHaveLength(4);
    expect(types.filter((type) => type === 'session.updated')).toHaveLength(3);
    expect(types.filter((type) => type === 'agent.tool_result')).toHaveLength(3);
    expect(types.slice(-3)).toEqual(['session.thread_status_idle', 'session.usage', 'session.status_idle']);
  });

  it('waits for a person first, runs what is allowed at the cap, and stops before the next request', async () => {
    const { lab, provider } = await open();
    const { id } = await lab.createSession(AGENT, [userMessage('call write')], cents(1));
    const [call = ''] = await waitingFor(lab, id);
    await lab.send(id, [userConfirmation(call, 'allow')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'budget_reached' } });
    expect((await lab.types(id)).filter((type) => type === 'agent.tool_result')).toHaveLength(1);
    expect(provider.requests).toBe(1);
    const before = await lab.types(id);
    await lab.send(id, [userInterrupt()]);
    expect(await lab.types(id)).toEqual(before);
    await expect(lab.send(id, [userMessage('more')])).rejects.toMatchObject({ code: 'invalid_request' });
    await lab.archive(id);
  });

  it('goes on after its workflow was lost while it stood at the cap', async () => {
    const { lab } = await open();
    const { id } = await lab.createSession(AGENT, [userMessage('chain 1')], cents(1));
    await lab.rest(id);
    await lab.client.workflow.getHandle(id).terminate('lost');
    await lab.setBudget(id, cents(9));
    expect(await lab.sweepUntilRest(id)).toMatchObject({ stop: { type: 'end_turn' } });
  });

  it('ends its turn with a typed reason at the limit of rounds, and goes on with a message', async () => {
    const { lab } = await open({ ...NO_LIMITS, rounds: 2 });
    const { id } = await lab.createSession(AGENT, [userMessage('chain 5')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'retries_exhausted' } });
    const error = await lab.see(id, 'session.error');
    expect(error.body).toMatchObject({
      error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } },
    });
    await lab.send(id, [userMessage('hello')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'end_turn' } });
    expect((await lab.types(id)).filter((type) => type === 'agent.tool_result')).toHaveLength(2);
  });

  it('ends its turn when it makes the same call again and again', async () => {
    const { lab } = await open({ ...NO_LIMITS, repeatedCalls: 3 });
    const { id } = await lab.createSession(AGENT, [userMessage('repeat')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'retries_exhausted' } });
    expect((await lab.types(id)).filter((type) => type === 'agent.tool_result')).toHaveLength(3);
  });
});
