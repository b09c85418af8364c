import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { createScriptedProvider } from '../harness/scripted-provider.ts';
import { startSessionLab, userMessage, type SessionLab } from '../harness/session-lab.ts';
import { AGENT, createStageRunner } from '../replay/scenarios.ts';

const PRICES = { input: 1, output: 1 };

describe('a model that stands in', () => {
  let lab: SessionLab;
  /** What the session's own model fails with. */
  let failure: { code: ErrorCode; retryAfterMs?: number } = { code: 'model_billing' };

  beforeAll(async () => {
    lab = await startSessionLab({
      provider: createScriptedProvider(),
      runner: createStageRunner().runner,
      catalog: createModelCatalog({
        settings: [
          {
            id: 'claude-test',
            provider: 'anthropic',
            fallback: ['free', 'toolless', 'second'],
            prices: PRICES,
          },
          { id: 'free', provider: 'openai' },
          { id: 'toolless', provider: 'anthropic', tools: false, prices: PRICES },
          { id: 'second', provider: 'anthropic', prices: PRICES },
        ],
        usable: ['anthropic'],
      }),
      providerOf: ({ id }) =>
        id === 'claude-test'
          ? {
              name: 'test',
              // eslint-disable-next-line require-yield
              async *stream() {
                throw new AppError(failure.code, 'The test fails.', failure);
              },
            }
          : null,
    });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  async function standInOf(id: string): Promise<unknown> {
    const { body } = await lab.see(id, 'session.error');
    return (body['error'] as { fallback_model?: string }).fallback_model;
  }

  it('is the next of the chain, for the rest of the turn', async () => {
    failure = { code: 'model_credentials_refused' };
    const { id } = await lab.createSession(AGENT, [userMessage('chain 2')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'end_turn' } });
    expect(await standInOf(id)).toBe('free');
    expect((await lab.types(id)).filter((type) => type === 'session.error')).toHaveLength(1);
  });

  it('has tools where the agent has, and list prices where there is a budget', async () => {
    failure = { code: 'model_billing' };
    const budget = { type: 'limit' as const, max_list_cost: { amount: '100', currency: 'USD' as const } };
    const { id } = await lab.createSession(AGENT, [userMessage('hello')], budget);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'end_turn' } });
    expect(await standInOf(id)).toBe('second');
  });

  it('is asked at once where the vendor wants a longer wait than a person would', async () => {
    failure = { code: 'model_rate_limited', retryAfterMs: 3_600_000 };
    const { id } = await lab.createSession(AGENT, [userMessage('hello')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'end_turn' } });
    expect(await lab.types(id)).not.toContain('session.status_rescheduled');
  });

  it('is not asked what any model would refuse', async () => {
    failure = { code: 'model_request_refused' };
    const { id } = await lab.createSession(AGENT, [userMessage('hello')]);
    expect(await lab.rest(id)).toMatchObject({ stop: { type: 'retries_exhausted' } });
    expect(await standInOf(id)).toBeUndefined();
  });

  it('is named to operators', async () => {
    failure = { code: 'model_billing' };
    const { id } = await lab.createSession(AGENT, [userMessage('hello')]);
    await lab.rest(id);
    await expect
      .poll(
        async () =>
          (await lab.client.workflow.getHandle(id).describe()).typedSearchAttributes
            .getAll()
            .find(({ key }) => key.name === 'AgentModel')?.value,
        { timeout: 20_000 },
      )
      .toBe('free');
  });
});
