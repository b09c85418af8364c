import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import { createModelOutages } from '../../activities/model-outages.ts';
import { expectJournalInHistory, expectSoundLog } from '../harness/journal-check.ts';
import { expectRebuilt } from '../harness/rebuilt-session.ts';
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
        usable: ['anthropic', 'openai'],
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

describe('a model that was given up', () => {
  const [OWN, OTHER] = ['claude-own', 'other'];
  let lab: SessionLab;
  let isDown = true;
  /** The requests that each model got. */
  let asked: string[] = [];
  let moment = 1_000_000;

  beforeAll(async () => {
    const scripted = createScriptedProvider();
    lab = await startSessionLab({
      provider: scripted,
      runner: createStageRunner().runner,
      outages: createModelOutages(60_000, () => moment),
      catalog: createModelCatalog({
        settings: [
          { id: OWN, provider: 'anthropic', fallback: [OTHER] },
          { id: OTHER, provider: 'anthropic' },
        ],
        usable: ['anthropic'],
      }),
      providerOf: ({ id }) => ({
        name: 'test',
        async *stream(request, signal) {
          asked.push(id);
          if (id === OWN && isDown) throw new AppError('model_overloaded', 'Too busy.', { retryAfterMs: 1 });
          yield* scripted.stream(request, signal);
        },
      }),
    });
    await lab.startWorker();
  });
  afterAll(async () => lab.stop());

  async function answer(id: string): Promise<string[]> {
    asked = [];
    await lab.send(id, [userMessage('chain 1')]);
    await lab.rest(id);
    return asked;
  }

  it('is left alone by the next turns of all sessions, tried once later, and used again when it answers', async () => {
    const agent = { ...AGENT, model: { id: OWN } };
    const first = await lab.createSession(agent);
    const second = await lab.createSession(agent);
    expect(await answer(first.id)).toEqual([OWN, OWN, OTHER, OTHER]);
    expect(await answer(first.id)).toEqual([OTHER, OTHER]);
    expect(await answer(second.id)).toEqual([OTHER, OTHER]);
    const error = await lab.see(second.id, 'session.error');
    expect(error.body['error']).toMatchObject({
      type: 'model_overloaded_error',
      retry_status: { type: 'retrying' },
      fallback_model: OTHER,
      message: expect.stringMatching(
        /claude-own is not asked.*tried again in 60 s.*goes on with other/,
      ) as string,
    });
    expect((await lab.types(second.id)).filter((type) => type === 'span.model_request_start')).toHaveLength(
      2,
    );
    moment += 60_000;
    expect(await answer(second.id)).toEqual([OWN, OTHER, OTHER]);
    expect(await answer(first.id)).toEqual([OTHER, OTHER]);
    isDown = false;
    moment += 60_000;
    expect(await answer(first.id)).toEqual([OWN, OWN]);
    expect(await answer(second.id)).toEqual([OWN, OWN]);
    for (const { id } of [first, second]) {
      await expectSoundLog(lab, id);
      await expectJournalInHistory(lab, id);
      await expectRebuilt(lab, id);
    }
  });
});
