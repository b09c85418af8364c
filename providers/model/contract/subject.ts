import type { AppError } from '../../../core/errors.ts';
import type { ContentBlock, TranscriptMessage } from '../../../core/session/content.ts';
import { isAppError } from '../../../core/errors.ts';
import type { StreamLimits } from '../stream-guard.ts';
import type {
  ModelProvider,
  ModelRequest,
  ModelResponse,
  ModelStreamPart,
  ToolDefinition,
} from '../model-provider.ts';

/** What the suite needs to know of an adapter. */
export interface ContractSubject {
  name: string;
  /** Makes the adapter for the scripted model server (or any other address) at this URL. */
  make(options: { url: string; limits?: Partial<StreamLimits> }): ModelProvider;
  /** A model that the scripted server knows the rules of. */
  model: string;
  /** Whether thinking comes back to this vendor. */
  keepsThinking: boolean;
  /** Whether the arguments of calls are streamed as text, which may then be anything; else they are objects by construction. */
  streamsArguments: boolean;
  /** Whether the format reports what was written to a cache. */
  reportsCacheWrites: boolean;
  /** Whether the vendor says what it counted before its answer ends. */
  countsEarly: boolean;
  /** Whether the vendor has a counter of tokens. */
  countsTokens: boolean;
  /** Which stop reasons the format can express. */
  stops: readonly Exclude<ModelResponse['stop'], 'paused' | 'missing_call'>[];
}

export const LIMITS: StreamLimits = { totalMs: 30_000, stallMs: 10_000 };

export const BASH: ToolDefinition = {
  name: 'bash',
  description: 'Runs a command.',
  input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
};

export function makeRequest(subject: ContractSubject, fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: subject.model,
    system: 'You are a test.',
    messages: [userSays('hello')],
    tools: [BASH],
    maxOutputTokens: 4_096,
    sessionId: 'sesn_contract',
    ...fields,
  };
}

export function userSays(text: string): TranscriptMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}

export async function collect(
  provider: ModelProvider,
  request: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ parts: ModelStreamPart[]; response: ModelResponse; previews: Map<number, string> }> {
  const parts: ModelStreamPart[] = [];
  const previews = new Map<number, string>();
  for await (const part of provider.stream(request, signal)) {
    parts.push(part);
    if (part.type === 'text-delta') previews.set(part.index, (previews.get(part.index) ?? '') + part.text);
  }
  const last = parts.at(-1);
  if (last?.type !== 'finish') throw new Error('the last part is no finish');
  return { parts, response: last.response, previews };
}

/** The failure that a request ends with. Fails the test if it succeeds, or fails with anything but an `AppError`. */
export async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const outcome = await promise.then(
    () => new Error('the request succeeded'),
    (error: unknown) => error,
  );
  if (isAppError(outcome)) return outcome;
  throw outcome;
}

let nextId = 1;

/** A response as the journal turns it into the transcript, with our own ids for its tool uses. */
export function asMessage(response: ModelResponse): TranscriptMessage {
  return {
    role: 'assistant',
    content: response.blocks.map((block) => {
      if (block.type === 'text') return block;
      if (block.type === 'thinking') return block.opaque;
      const id = `sevt_contract${String(nextId++)}`;
      return { type: 'tool_use', id, name: block.name, input: block.input ?? {}, vendor: block.vendor };
    }),
  };
}

/** The user's turn that answers every tool use of a message. */
export function answerTo(
  message: TranscriptMessage,
  content: ContentBlock[] = [{ type: 'text', text: 'done' }],
  outcome: 'ok' | 'error' = 'ok',
): TranscriptMessage {
  return {
    role: 'user',
    content: message.content.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content, is_error: outcome === 'error' }]
        : [],
    ),
  };
}

/** One pixel, as PNG. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
