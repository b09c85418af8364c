import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { claudeModel } from '../core/models/claude-models.ts';
import { geminiModel } from '../core/models/gemini-models.ts';
import type { ModelSetting } from '../core/models/model-setting.ts';
import { createModelCatalog } from '../core/models/model-catalog.ts';
import { openAiModels } from '../core/models/openai-models.ts';
import { contextBudget } from '../core/session/context/context-budget.ts';
import { planContext } from '../core/session/context/plan-context.ts';
import type { TranscriptMessage } from '../core/session/content.ts';
import { toAnthropicRequest } from '../providers/model/anthropic/to-request.ts';
import { createModelProviders } from '../providers/model/create-model-providers.ts';
import { vendorConnections } from '../providers/model/provider-connection.ts';
import { toGeminiRequest } from '../providers/model/gemini/to-gemini-request.ts';
import type { ModelRequest } from '../providers/model/model-provider.ts';
import { toChatRequest } from '../providers/model/openai/chat/to-chat-request.ts';
import { toResponsesRequest } from '../providers/model/openai/responses/to-responses-request.ts';
import { createToolNames } from '../providers/model/tool-names.ts';

/**
 * `node bench/models.ts`: what the model adapters cost. CPU per streamed token, with the provider in a process of its own; the time to
 * build a request from a long transcript. `--sessions`, `--seconds` change the load.
 */
const argument = (name: string, fallback: number) => {
  const index = process.argv.indexOf(`--${name}`);
  return index === -1 ? fallback : Number(process.argv[index + 1]);
};
const SESSIONS = argument('sessions', 100);
const SECONDS = argument('seconds', 8);
const TOKENS_PER_SECOND = 50;
/** A conversation that nobody has counted or summarised. */
const FRESH = { summarised: false, counts: [] };

await streams();
builds();

async function streams(): Promise<void> {
  console.log(
    `\nCPU per token, ${String(SESSIONS)} streams of ${String(TOKENS_PER_SECOND)} tokens/s for ${String(SECONDS)} s`,
  );
  const main = path.join(import.meta.dirname, '..', 'test', 'scripted-model-server', 'main.ts');
  const child = spawn(process.execPath, [main, '--port', '0', '--keep-bodies', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const tokens = TOKENS_PER_SECOND * SECONDS;
  const script = { blocks: [{ type: 'text', tokens }], gapMs: 1_000 / TOKENS_PER_SECOND };
  await fetch(`${url}/control/default`, { method: 'POST', body: JSON.stringify({ script }) });
  const settings: ModelSetting[] = [
    { id: 'claude-opus-5-5', provider: 'anthropic', base_url: url, api_key: 'k' },
    { id: 'gpt-4.1', provider: 'openai', base_url: `${url}/v1`, api_key: 'k' },
    { id: 'gpt-6-sol', provider: 'openai', api: 'responses', base_url: `${url}/v1`, api_key: 'k' },
    { id: 'gemini-4-argon', provider: 'gemini', base_url: url, api_key: 'k' },
  ];
  const catalog = createModelCatalog({ settings, usable: [] });
  const nowhere = { baseUrl: null, apiKey: null, timeoutSeconds: 600, stallSeconds: 60 };
  const providers = createModelProviders({ connections: vendorConnections(nowhere) });
  for (const { id } of settings) {
    const entry = catalog.resolve(id);
    if (entry === null) throw new Error(`no model ${id}`);
    const adapter = providers.for(entry);
    const run = async (): Promise<number> => {
      let deltas = 0;
      for await (const part of adapter.stream(requestOf([user('hello')], id), new AbortController().signal))
        if (part.type === 'text-delta') deltas += 1;
      return deltas;
    };
    await Promise.all(Array.from({ length: 5 }, run));
    const before = process.cpuUsage();
    const started = performance.now();
    const counts = await Promise.all(Array.from({ length: SESSIONS }, run));
    const { user: own, system } = process.cpuUsage(before);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - started) / 1_000;
    const perToken = (own + system) / total;
    console.log(
      `  ${id.padEnd(18)} ${perToken.toFixed(1)} µs per token, ${(((own + system) / 1e6 / seconds) * 100).toFixed(0)} % of a core, ${(total / seconds).toFixed(0)} tokens/s`,
    );
  }
  child.kill('SIGTERM');
}

function builds(): void {
  console.log(
    '\nBuilding a request, median of 15 (ms); the transcript has a call and a result of 2 kB in each step',
  );
  const names = createToolNames([], () => true, 64);
  const gpt = openAiModels()[0];
  if (gpt === undefined) throw new Error('no model');
  const claude = claudeModel('claude-opus-5-5');
  const builders: [string, (request: ModelRequest) => unknown][] = [
    [
      'anthropic',
      (request) =>
        toAnthropicRequest(request, claude, {
          provider: 'anthropic',
          names,
          cacheTtl: '5m',
          schemas: 'anthropic',
        }),
    ],
    [
      'chat',
      (request) =>
        toChatRequest(request, gpt, { provider: 'openai', names, dialect: 'openai', schemas: 'openai' }),
    ],
    [
      'responses',
      (request) => toResponsesRequest(request, gpt, { provider: 'openai', names, schemas: 'openai' }),
    ],
    [
      'gemini',
      (request) =>
        toGeminiRequest(request, geminiModel('gemini-4-argon'), {
          provider: 'gemini',
          names,
          schemas: 'gemini',
        }),
    ],
    ['plan (trimming)', ({ messages }) => planContext({ messages, ...FRESH }, contextBudget(claude), 3_000)],
    [
      'plan, 100k window',
      ({ messages }) =>
        planContext(
          { messages, ...FRESH },
          contextBudget({ contextWindow: 100_000, maxOutputTokens: 8_000 }),
          3_000,
        ),
    ],
  ];
  for (const [name, build] of builders) {
    const cells = [100, 1_000, 4_000].map((steps) => {
      const request = requestOf(transcriptOf(steps), 'm');
      const times = Array.from({ length: 15 }, () => {
        const started = performance.now();
        build(request);
        return performance.now() - started;
      }).sort((first, second) => first - second);
      return `${String(steps)} steps ${(times[7] ?? 0).toFixed(2)}`;
    });
    console.log(`  ${name.padEnd(18)} ${cells.join('   ')}`);
  }
}

function user(text: string): TranscriptMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}

function transcriptOf(steps: number): TranscriptMessage[] {
  const messages = [user('Do it all.')];
  for (let step = 0; step < steps; step += 1) {
    const id = `sevt_${String(step)}`;
    messages.push(
      {
        role: 'assistant',
        content: [
          { type: 'text', text: `Step ${String(step)}.` },
          {
            type: 'tool_use',
            id,
            name: 'bash',
            input: { command: `echo ${String(step)}` },
            vendor: { provider: 'anthropic', callId: `toolu_${String(step)}` },
          },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: id,
            content: [{ type: 'text', text: 'x'.repeat(2_000) }],
            is_error: false,
          },
        ],
      },
    );
  }
  return messages;
}

function requestOf(messages: TranscriptMessage[], model: string): ModelRequest {
  return { model, system: 'Be good.', messages, tools: [], maxOutputTokens: 4_096, sessionId: 'sesn_bench' };
}
