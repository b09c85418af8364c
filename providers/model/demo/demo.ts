import { setTimeout as delay } from 'node:timers/promises';
import type { ModelProvider, ModelRequest, ModelResponse, ModelStreamPart } from '../model-provider.ts';
import { demoAnswer } from './answer.ts';
import { situationOf } from './rounds.ts';
import type { DemoAnswer } from './toolbox.ts';

/** How fast the demo model speaks, in milliseconds. */
export interface DemoPace {
  /** Before the first word of a session: long enough that a client which opens its stream after sending still sees it. */
  firstAnswerMs: number;
  /** Before the first word of any other answer. */
  answerMs: number;
  /** Between words. */
  wordMs: number;
}

const PACE: DemoPace = { firstAnswerMs: 1_000, answerMs: 150, wordMs: 12 };

const NAME = 'demo';

/**
 * The model that ships with the product: no key, no network, no cost. What it answers depends on nothing but the transcript and the
 * tools on offer, so an attempt after a crash says the same again.
 */
export function createDemoProvider(options: { pace?: DemoPace } = {}): ModelProvider {
  const pace = options.pace ?? PACE;
  return {
    name: NAME,
    async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelStreamPart> {
      const answer = demoAnswer(request.messages, request.tools);
      const { isFirstAnswer, toolUses } = situationOf(request.messages);
      await pause(isFirstAnswer ? pace.firstAnswerMs : pace.answerMs, signal);
      yield { type: 'block-start', index: 0, block: 'text' };
      for (const text of answer.text.match(/\s*\S+\s*/g) ?? []) {
        yield { type: 'text-delta', index: 0, text };
        await pause(pace.wordMs, signal);
      }
      for (const index of answer.calls.keys())
        yield { type: 'block-start', index: index + 1, block: 'tool_use' };
      yield { type: 'finish', response: toResponse(request, answer, toolUses) };
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return;
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
}

function toResponse(request: ModelRequest, answer: DemoAnswer, toolUses: number): ModelResponse {
  const { text, calls } = answer;
  return {
    blocks: [
      { type: 'text', text },
      ...calls.map(({ name, input }, index) => ({
        type: 'tool_use' as const,
        name,
        input,
        vendor: { provider: NAME, callId: `call_${String(toolUses + index + 1)}` },
      })),
    ],
    stop: calls.length > 0 ? 'tool_use' : 'end_turn',
    usage: {
      input_tokens: roughTokens([request.system, request.messages, request.tools]),
      output_tokens: roughTokens([text, calls]),
      cache_read_input_tokens: 0,
      cache_creation_5m_input_tokens: 0,
      cache_creation_1h_input_tokens: 0,
    },
  };
}

function roughTokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}
