import { claudeModel } from '../core/models/claude-models.ts';
import { geminiModel } from '../core/models/gemini-models.ts';
import { openAiModels } from '../core/models/openai-models.ts';
import type { TranscriptMessage } from '../core/session/content.ts';
import { contextBudget } from '../core/session/context/context-budget.ts';
import { planContext } from '../core/session/context/plan-context.ts';
import { createTranscript, type Transcript, type TranscriptEvent } from '../core/session/transcript.ts';
import { toAnthropicRequest } from '../providers/model/anthropic/to-request.ts';
import { toGeminiRequest } from '../providers/model/gemini/to-gemini-request.ts';
import type { ModelRequest } from '../providers/model/model-provider.ts';
import { toChatRequest } from '../providers/model/openai/chat/to-chat-request.ts';
import { toResponsesRequest } from '../providers/model/openai/responses/to-responses-request.ts';
import { createToolNames } from '../providers/model/tool-names.ts';

/**
 * `node --expose-gc bench/long-context.ts`: what it costs to build a request from a long log, in CPU and memory. A step is a call with an
 * explanation, its span and a result of 2 kB. `warm` is a worker that followed all along and reads one step more; `cold` one that reads
 * the whole log.
 */
const STEPS = [100, 1_000, 4_000];
const RUNS = 15;
/** Events of one step. */
const PER_STEP = 4;
const names = createToolNames([], () => true, 64);
const claude = claudeModel('claude-opus-5-5');
const gemini = geminiModel('gemini-4-argon');
const [gpt] = openAiModels();
if (gpt === undefined) throw new Error('no model');

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
  ['gemini', (request) => toGeminiRequest(request, gemini, { provider: 'gemini', names, schemas: 'gemini' })],
];
const budgets = [
  ['all of it', contextBudget({ contextWindow: 100_000_000, maxOutputTokens: 8_000 })],
  ['100k window', contextBudget({ contextWindow: 100_000, maxOutputTokens: 8_000 })],
] as const;

console.log('Log to request, median (ms of CPU)');
for (const [window, budget] of budgets) {
  for (const [vendor, build] of builders) {
    const request = (transcript: Transcript): unknown => {
      const plan = planContext(transcript.view(), budget, 3_000);
      return build(requestOf(plan.messages));
    };
    const cells = STEPS.map((steps) => {
      const log = logOf(steps + RUNS + 1);
      const cut = log.findIndex(({ id }) => id === `use${String(steps)}`);
      const cold = median(() => {
        const transcript = createTranscript();
        transcript.append(log.slice(0, cut));
        return request(transcript);
      });
      const transcript = createTranscript();
      transcript.append(log.slice(0, cut));
      request(transcript);
      let next = cut;
      const warm = median(() => {
        transcript.append(log.slice(next, next + PER_STEP));
        next += PER_STEP;
        return request(transcript);
      });
      return `${String(steps)} steps: warm ${warm.toFixed(2)}, cold ${cold.toFixed(2)}`;
    });
    console.log(`  ${window.padEnd(12)} ${vendor.padEnd(10)} ${cells.join('   ')}`);
  }
}

console.log('Memory of a transcript (MB)');
for (const steps of STEPS) {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start with --expose-gc');
  const log = logOf(steps);
  collect();
  const before = process.memoryUsage().heapUsed;
  const transcript = createTranscript();
  transcript.append(log);
  const budget = contextBudget({ contextWindow: 100_000_000, maxOutputTokens: 8_000 });
  const plan = planContext(transcript.view(), budget, 3_000);
  collect();
  const used = (process.memoryUsage().heapUsed - before) / 1e6;
  console.log(
    `  ${String(steps)} steps: ${used.toFixed(1)} beside the log, ${String(plan.messages.length)} messages`,
  );
}

function requestOf(messages: TranscriptMessage[]): ModelRequest {
  return { model: 'm', system: 'You work.', messages, tools: [], maxOutputTokens: 8_000, sessionId: 's' };
}

function median(run: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return times.sort((left, right) => left - right)[Math.floor(RUNS / 2)] ?? 0;
}

function logOf(steps: number): TranscriptEvent[] {
  const text = (value: string) => [{ type: 'text', text: value }];
  const log: TranscriptEvent[] = [
    { seq: 1, id: 'ask', type: 'user.message', body: { content: text('Do it all.') }, detail: null },
  ];
  for (let step = 0; step < steps; step += 1) {
    const seq = log.length + 1;
    const id = `use${String(step)}`;
    log.push(
      {
        seq,
        id,
        type: 'agent.tool_use',
        body: { name: 'bash', input: { command: `step ${String(step)}` } },
        detail: { provider: 'anthropic', callId: `toolu_${String(step)}` },
      },
      {
        seq: seq + 1,
        id: `end${String(step)}`,
        type: 'span.model_request_end',
        body: { is_error: false, model_usage: { input_tokens: 500 * (step + 1), output_tokens: 50 } },
        detail: null,
      },
      {
        seq: seq + 2,
        id: `result${String(step)}`,
        type: 'agent.tool_result',
        body: {
          tool_use_id: id,
          is_error: false,
          content: text(`${String(step)} ${'lorem ipsum '.repeat(166)}`),
        },
        detail: null,
      },
      { seq: seq + 3, id: `status${String(step)}`, type: 'session.status_running', body: {}, detail: null },
    );
  }
  return log;
}
