import { expect, it } from 'vitest';
import { createModelCatalog } from '../core/models/model-catalog.ts';
import type { SessionSetup } from '../providers/store/journal.ts';
import { createDemoProvider } from '../providers/model/demo/demo.ts';
import type { ModelUsage } from '../providers/model/model-provider.ts';
import { createRequestMeter } from './request-meter.ts';
import type { PreparedRequest } from './request/build-model-request.ts';

const usage = (input: number, output: number): ModelUsage => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
});

function prepared(): PreparedRequest {
  const entry = createModelCatalog({
    settings: [{ id: 'm', provider: 'openai', prices: { input: 1, output: 10 } }],
    usable: ['openai'],
  }).resolve('m');
  if (entry === null) throw new Error('no model');
  const request = { model: 'm', system: '', messages: [], tools: [], maxOutputTokens: 9, sessionId: 's' };
  return { provider: createDemoProvider(), entry, request, setup: {} as SessionSetup, at: new Date() };
}

it('knows of nothing lost where the vendor said nothing', () => {
  const meter = createRequestMeter();
  expect(meter.lost()).toBeNull();
  meter.begin(prepared())({ type: 'text-delta', index: 0, text: 'hello' });
  expect(meter.lost()).toBeNull();
});

it('takes the vendor’s last word, and an estimate for text that came since', () => {
  const meter = createRequestMeter();
  const see = meter.begin(prepared());
  see({ type: 'usage', usage: usage(1_000, 1) });
  expect(meter.lost()).toMatchObject({
    usage: { input_tokens: 1_000, output_tokens: 1, list_cost_nano_usd: 1_010_000 },
    priced: true,
    speed: 'standard',
  });
  see({ type: 'text-delta', index: 0, text: 'word '.repeat(100) });
  const output = meter.lost()?.usage.output_tokens ?? 0;
  expect(output).toBeGreaterThan(90);
  expect(output).toBeLessThan(200);
  see({ type: 'usage', usage: usage(1_000, 400) });
  expect(meter.lost()?.usage.output_tokens).toBe(400);
});

it('adds up the requests of an attempt, finished ones as they were reported', () => {
  const meter = createRequestMeter();
  const response = { blocks: [], stop: 'end_turn' as const, usage: usage(70, 7) };
  const first = meter.begin(prepared());
  first({ type: 'text-delta', index: 0, text: 'a summary that nobody can use, however long it is' });
  first({ type: 'finish', response });
  meter.begin(prepared())({ type: 'usage', usage: usage(30, 3) });
  expect(meter.lost()?.usage).toMatchObject({ input_tokens: 100, output_tokens: 10 });
});
