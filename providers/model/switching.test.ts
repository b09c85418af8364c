import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { claudeModel } from '../../core/models/claude-models.ts';
import { geminiModel } from '../../core/models/gemini-models.ts';
import { openAiModels } from '../../core/models/openai-models.ts';
import type { TranscriptMessage } from '../../core/session/content.ts';
import {
  startScriptedModelServer,
  type ScriptBlock,
  type ScriptedModelServer,
} from '../../test/scripted-model-server/index.ts';
import { createAnthropicProvider } from './anthropic/anthropic.ts';
import { answerTo, asMessage, BASH, collect, LIMITS, PIXEL, userSays } from './contract/subject.ts';
import { createGeminiProvider } from './gemini/gemini.ts';
import type { ModelProvider, ModelRequest } from './model-provider.ts';
import { createOpenAiProvider } from './openai/openai.ts';

let server: ScriptedModelServer;
beforeAll(async () => {
  // Written down only, so that a wrong request does not leave its script to the next.
  server = await startScriptedModelServer({ onViolation: 'record' });
});
afterAll(async () => {
  await server.close();
});

const MODELS = [
  'claude-opus-5-5',
  'claude-haiku-4-5',
  'gpt-6.1-sol',
  'gpt-4.1',
  'gemini-4-argon',
  'gemini-2.5-pro',
] as const;

function providerOf(model: (typeof MODELS)[number]): ModelProvider {
  const shared = { apiKey: 'k', limits: LIMITS };
  if (model.startsWith('claude'))
    return createAnthropicProvider({ ...shared, baseUrl: server.url, traits: claudeModel(model) });
  if (model.startsWith('gemini'))
    return createGeminiProvider({ ...shared, baseUrl: server.url, traits: geminiModel(model) });
  const traits = openAiModels().find(({ id }) => id === model);
  if (traits === undefined) throw new Error(`no model ${model}`);
  const api = model === 'gpt-4.1' ? 'chat_completions' : 'responses';
  return createOpenAiProvider({ ...shared, baseUrl: `${server.url}/v1`, api, traits });
}

/** One answer of a model, added to the transcript with the results of its calls. */
async function step(
  model: (typeof MODELS)[number],
  messages: TranscriptMessage[],
  blocks: ScriptBlock[],
  outcome: 'ok' | 'error' = 'ok',
): Promise<void> {
  const request: ModelRequest = {
    model,
    system: 'Be good.',
    messages,
    tools: [BASH],
    maxOutputTokens: 30_000,
    effort: 'high',
    sessionId: 'sesn_switching',
  };
  server.push({ blocks });
  const { response } = await collect(providerOf(model), request);
  const message = asMessage(response);
  messages.push(message);
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL },
  };
  const answer = answerTo(message, [{ type: 'text', text: 'result' }, image], outcome);
  if (answer.content.length > 0) messages.push(answer);
  else messages.push(userSays('go on'));
}

const THINKS: ScriptBlock = { type: 'thinking', text: 'hm, let me see' };
const HIDDEN: ScriptBlock = { type: 'hidden_thinking' };
const SAYS: ScriptBlock = { type: 'text', text: 'I do it.' };
const calls = (count: number): ScriptBlock[] =>
  Array.from({ length: count }, () => ({ type: 'tool_use', name: 'bash', input: { command: 'x' } }));

it('sends only valid requests in a session that went Claude, OpenAI, Gemini and back, with tools, thinking and images', async () => {
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png', data: PIXEL },
  };
  const messages: TranscriptMessage[] = [
    { role: 'user', content: [image, { type: 'text', text: 'start' }] },
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
  ];
  for (const model of [
    'claude-opus-5-5',
    'gpt-6.1-sol',
    'gpt-4.1',
    'gemini-4-argon',
    'claude-opus-5-5',
  ] as const) {
    await step(model, messages, [THINKS, SAYS, ...calls(3)]);
    await step(model, messages, [HIDDEN, ...calls(1)], 'error');
    await step(model, messages, [THINKS, SAYS]);
    messages.push({ role: 'user', content: [image, { type: 'text', text: 'next' }] });
  }
  expect(server.violations()).toEqual([]);
  server.reset();
});

it('sends only valid requests whatever the order of models, answers and failures, also within a tool loop', async () => {
  const answers = fc.array(fc.constantFrom(THINKS, HIDDEN, SAYS, ...calls(1)), { maxLength: 4 });
  const steps = fc.array(
    fc.tuple(fc.constantFrom(...MODELS), answers, fc.constantFrom('ok' as const, 'error' as const)),
    {
      minLength: 2,
      maxLength: 8,
    },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      server.reset();
      const messages = [userSays('start')];
      for (const [model, blocks, outcome] of plan) await step(model, messages, blocks, outcome);
      expect(server.violations()).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 60_000);
