import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import type { Budget } from '../../core/journal/view.ts';
import { createModelCatalog } from '../../core/models/model-catalog.ts';
import type { ModelProvider, ModelUsage } from '../../providers/model/model-provider.ts';
import { expectRebuilt } from '../harness/rebuilt-session.ts';
import { createScriptedRunner } from '../harness/scripted-runner.ts';
import { startSessionLab, userInterrupt, userMessage, type SessionLab } from '../harness/session-lab.ts';

const USAGE: ModelUsage = {
  input_tokens: 1_000,
  output_tokens: 10,
  cache_read_input_tokens: 200,
  cache_creation_5m_input_tokens: 30,
  cache_creation_1h_input_tokens: 0,
};
/** Ten thousandths of a dollar for a request: half of a cent for what it reads, half of one for what it writes. */
const PRICES = { input: 5, output: 500, cache_read: 0, cache_write_5m: 0 };
const COST = 1_000 * 5_000 + 10 * 500_000;

const lingering = Promise.withResolvers<void>();

/** Counts at once, and then breaks, is refused, lingers, or answers, by the last message; what breaks, breaks once. */
function createCountingProvider(): ModelProvider {
  const broken = new Set<number>();
  return {
    name: 'test',
    async *stream({ messages }, signal) {
      const text = messages
        .at(-1)
        ?.content.map((block) => (block.type === 'text' ? block.text : ''))
        .join();
      yield { type: 'usage', usage: USAGE };
      if (text === 'break' && !broken.has(messages.length)) {
        broken.add(messages.length);
        throw new AppError('model_unreachable', 'The stream broke.', { retryAfterMs: 10 });
      }
      if (text === 'refuse') throw new AppError('model_request_refused', 'Refused in the middle.');
      if (text === 'linger') {
        // What was yielded before has been taken by now.
        lingering.resolve();
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      }
      yield {
        type: 'finish',
        response: { blocks: [{ type: 'text', text: 'done' }], stop: 'end_turn', usage: USAGE },
      };
    },
  };
}

let lab: SessionLab;
beforeAll(async () => {
  lab = await startSessionLab({
    provider: createCountingProvider(),
    runner: createScriptedRunner(async () => ({ content: [], isError: false })),
    catalog: createModelCatalog({
      settings: [{ id: 'claude-test', provider: 'anthropic', prices: PRICES }],
      usable: ['anthropic'],
    }),
  });
  await lab.startWorker();
});
afterAll(async () => lab.stop());

it.each([
  ['that broke off and was sent again', 'break', 2],
  ['that was refused in the middle', 'refuse', 1],
])('a model request %s counts with what the vendor had counted', async (_title, order, requests) => {
  const { id } = await lab.createSession({}, [userMessage(order)]);
  const head = await lab.rest(id);
  expect(head.usage).toMatchObject({
    input_tokens: requests * 1_000,
    output_tokens: requests * 10,
    cache_read_input_tokens: requests * 200,
    cache_creation_5m_input_tokens: requests * 30,
    list_cost_nano_usd: requests * COST,
  });
  const ends = (await lab.journal.eventsAfter(id, 0, 1_000)).filter(
    ({ type }) => type === 'span.model_request_end',
  );
  expect(ends.map(({ body }) => body['model_usage'])).toEqual(
    ends.map(() => ({
      input_tokens: 1_000,
      output_tokens: 10,
      cache_read_input_tokens: 200,
      cache_creation_input_tokens: 30,
    })),
  );
  expect(ends[0]?.body['is_error']).toBe(true);
  await expectRebuilt(lab, id);
});

it('a model request that was interrupted counts, and so reaches the budget', async () => {
  const budget: Budget = { type: 'limit', max_list_cost: { amount: '1', currency: 'USD' } };
  const { id } = await lab.createSession({}, [userMessage('linger')], budget);
  await lingering.promise;
  await lab.send(id, [userInterrupt()]);
  const head = await lab.rest(id);
  expect(head.usage).toMatchObject({ input_tokens: 1_000, list_cost_nano_usd: COST });
  await expect(lab.send(id, [userMessage('more')])).rejects.toMatchObject({ code: 'invalid_request' });
  await expectRebuilt(lab, id);
});
