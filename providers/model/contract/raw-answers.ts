import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { claudeModel } from '../../../core/models/claude-models.ts';
import { geminiModel } from '../../../core/models/gemini-models.ts';
import { openAiModel } from '../../../core/models/openai-models.ts';
import { createAnthropicProvider } from '../anthropic/anthropic.ts';
import { BASH } from './subject.ts';
import { createGeminiProvider } from '../gemini/gemini.ts';
import type { ModelProvider, ModelResponse } from '../model-provider.ts';
import { createOpenAiProvider } from '../openai/openai.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export interface Answer {
  body: string;
  type?: string;
  /** Default: 200. */
  status?: number;
  /** The server keeps the connection open. */
  open?: boolean;
  /** The connection breaks after the body. */
  cut?: boolean;
}

const limits = { totalMs: 10_000, stallMs: 1_000 };
const options = { apiKey: 'k', limits };
export const WIRES: Record<string, (url: string) => ModelProvider> = {
  anthropic: (baseUrl) =>
    createAnthropicProvider({ ...options, baseUrl, traits: claudeModel('claude-opus-5-5') }),
  chat: (url) =>
    createOpenAiProvider({
      ...options,
      baseUrl: `${url}/v1`,
      api: 'chat_completions',
      traits: openAiModel('m'),
    }),
  responses: (url) =>
    createOpenAiProvider({ ...options, baseUrl: `${url}/v1`, api: 'responses', traits: openAiModel('m') }),
  gemini: (baseUrl) => createGeminiProvider({ ...options, baseUrl, traits: geminiModel('gemini-x') }),
};

/** What the adapter makes of an answer. */
export async function ask(wire: string, answer: Answer): Promise<ModelResponse> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(
      answer.status ?? 200,
      answer.type === '' ? {} : { 'content-type': answer.type ?? 'text/event-stream' },
    );
    response.write(answer.body);
    if (answer.cut === true) setTimeout(() => response.destroy(), 50);
    else if (answer.open !== true) response.end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const provider = WIRES[wire]?.(`http://127.0.0.1:${String(port)}`);
    const request = {
      model: 'm',
      system: '',
      messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'hello' }] }],
      tools: [BASH],
      maxOutputTokens: 100,
      sessionId: 'sesn_x',
    };
    for await (const part of provider?.stream(request, new AbortController().signal) ?? [])
      if (part.type === 'finish') return part.response;
    throw new Error('there was no answer');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export const sse = (...events: Json[]) =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
export const DONE = 'data: [DONE]\n\n';
export const text = (value: string) => ({ type: 'text', text: value });
export const bash = { type: 'tool_use', name: 'bash', input: { command: 'ls' } };

// Chat completions.
export const chunk = (delta: Json, finish: Json = null, more: { [key: string]: Json } = {}): Json => ({
  id: 'c1',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
export const usage = { usage: { prompt_tokens: 3, completion_tokens: 2 } };
export const toolCall = {
  id: 'a',
  type: 'function',
  function: { name: 'bash', arguments: '{"command":"ls"}' },
};
export const called = { tool_calls: [{ index: 0, ...toolCall }] };
export const completion = {
  id: 'c1',
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'hello', tool_calls: [toolCall] },
      finish_reason: 'tool_calls',
    },
  ],
  ...usage,
};

// Responses.
export const outputText = (value: string) => ({ type: 'output_text', text: value, annotations: [] });
export const message = (value: string, id?: string): { [key: string]: Json } => ({
  type: 'message',
  ...(id === undefined ? {} : { id }),
  role: 'assistant',
  status: 'completed',
  content: [outputText(value)],
});
export const functionCall: { [key: string]: Json } = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'a',
  name: 'bash',
  arguments: '{"command":"ls"}',
  status: 'completed',
};
export const ended = (output: Json[], status = 'completed'): Json => ({
  type: `response.${status}`,
  response: { id: 'r1', object: 'response', status, output, usage: { input_tokens: 3, output_tokens: 2 } },
});
export const done = (item: Json, index?: number): Json => ({
  type: 'response.output_item.done',
  ...(index === undefined ? {} : { output_index: index }),
  item,
});
export const textDelta = (delta: string): Json => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta,
});

// Gemini.
export const parts = (list: Json[], more: { [key: string]: Json } = {}): Json => ({
  candidates: [{ content: { role: 'model', parts: list }, ...more }],
});
export const STOP = { finishReason: 'STOP' };
export const geminiCall = { functionCall: { name: 'bash', args: { command: 'ls' } } };

// Anthropic.
export const start: Json = {
  type: 'message_start',
  message: { id: 'm1', type: 'message', content: [], model: 'm', usage: {} },
};
export const blockStart = (index: number, block: Json): Json => ({
  type: 'content_block_start',
  index,
  content_block: block,
});
export const blockDelta = (index: number, delta: Json): Json => ({
  type: 'content_block_delta',
  index,
  delta,
});
export const blockStop = (index: number): Json => ({ type: 'content_block_stop', index });
export const messageDelta = (reason: Json): Json => ({
  type: 'message_delta',
  delta: { stop_reason: reason },
  usage: {},
});
export const toolUse = { type: 'tool_use', id: 'a', name: 'bash', input: { command: 'ls' } };
export const hello = [
  blockStart(0, text('')),
  blockDelta(0, { type: 'text_delta', text: 'hello' }),
  blockStop(0),
];
