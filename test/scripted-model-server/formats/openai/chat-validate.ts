import { isDeepStrictEqual } from 'node:util';
import { callViolations, type CallStep } from '../../call-rules.ts';
import type { IncomingModelRequest } from '../../format.ts';
import { hasLoneSurrogate } from '../../lone-surrogates.ts';
import { dataUrlViolation } from '../../media-signatures.ts';
import { zodViolations } from '../../zod-violations.ts';
import { ChatRequest, type ChatMessage } from './chat-request-schema.ts';
import { duplicateNames, headerViolations, parameterViolations } from './function-rules.ts';

/** What the server said, by the ids of its calls. */
export type IssuedChat = ReadonlyMap<string, IssuedChatAnswer>;
export interface IssuedChatAnswer {
  content: string | null;
  calls: { name: string; input: unknown }[];
  reasoning: string;
  details: unknown[];
}

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/** Everything that chat completions would refuse about a request, and what this service should never send. */
export function chatViolations(incoming: IncomingModelRequest, issued: IssuedChat): string[] {
  const headers = headerViolations(incoming.method, incoming.headers);
  const parsed = ChatRequest.safeParse(incoming.body);
  if (!parsed.success) return [...headers, ...zodViolations(parsed.error)];
  const request = parsed.data;
  const functions = (request.tools ?? []).map((tool) => tool.function);
  return [
    ...headers,
    ...(hasLoneSurrogate(incoming.body) ? ['body: lone surrogates'] : []),
    ...duplicateNames(functions.map(({ name }) => name)),
    ...functions.flatMap(({ name, parameters }) =>
      parameters === undefined ? [] : parameterViolations(parameters, `tools.${name}`),
    ),
    ...limitViolations(request),
    ...orderViolations(request.messages),
    ...callViolations(request.messages.flatMap(stepsOf)),
    ...request.messages.flatMap(mediaViolations),
    ...changeViolations(request.messages, issued),
  ];
}

/** The vendor's reasoning models take only the newer name of the output limit, and those before have no effort. */
function limitViolations(request: ChatRequest): string[] {
  const reasons = /^(gpt-[5-9]|o\d)/.test(request.model);
  const violations: string[] = [];
  if ((request.max_tokens === undefined) === (request.max_completion_tokens === undefined))
    violations.push('exactly one of max_tokens and max_completion_tokens is expected');
  if (reasons && request.max_tokens !== undefined)
    violations.push(`max_tokens: not supported with ${request.model}; use max_completion_tokens`);
  if (request.model.startsWith('gpt-4') && request.reasoning_effort !== undefined)
    violations.push(`reasoning_effort: ${request.model} does not reason`);
  for (const name of ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'stop'] as const)
    if (reasons && request[name] !== undefined)
      violations.push(`${name}: not supported with ${request.model}`);
  return violations;
}

function orderViolations(messages: readonly ChatMessage[]): string[] {
  const violations: string[] = [];
  if (messages.find(({ role }) => role !== 'system')?.role !== 'user')
    violations.push('messages: the conversation must begin with a user message');
  if (messages.at(-1)?.role === 'assistant')
    violations.push('messages: the last message is the assistant’s own');
  for (const [index, message] of messages.entries()) {
    const at = `messages.${String(index)}`;
    const before = messages[index - 1]?.role;
    if (message.role === before && (before === 'user' || before === 'assistant'))
      violations.push(`${at}: two ${before} messages in a row`);
    if (message.role === 'assistant' && message.content === null && message.tool_calls === undefined)
      violations.push(`${at}: neither content nor calls`);
  }
  return violations;
}

function stepsOf(message: ChatMessage, index: number): CallStep[] {
  const at = `messages.${String(index)}`;
  if (message.role === 'tool') return [{ kind: 'result', id: message.tool_call_id, at }];
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return [{ kind: 'other', at }, ...calls.map(({ id }) => ({ kind: 'call' as const, id, at }))];
}

function mediaViolations(message: ChatMessage, index: number): string[] {
  if (message.role !== 'user' || typeof message.content === 'string') return [];
  return message.content.flatMap((part) => {
    const at = `messages.${String(index)}`;
    if (part.type === 'image_url' && !part.image_url.url.startsWith('http')) {
      const violation = dataUrlViolation(part.image_url.url, IMAGE_TYPES);
      return violation === undefined ? [] : [`${at}: ${violation}`];
    }
    if (part.type !== 'file') return [];
    const violation = dataUrlViolation(part.file.file_data, ['application/pdf']);
    return violation === undefined ? [] : [`${at}: ${violation}`];
  });
}

/**
 * Answers must come back as they were given: their reasoning too while nothing but results came since, and either whole or not at all
 * once the user has spoken.
 */
function changeViolations(messages: readonly ChatMessage[], issued: IssuedChat): string[] {
  return messages.flatMap((message, index) => {
    const said = message.role === 'assistant' ? issued.get(message.tool_calls?.[0]?.id ?? '') : undefined;
    if (message.role !== 'assistant' || said === undefined) return [];
    const at = `messages.${String(index)}`;
    const calls = (message.tool_calls ?? []).map((call) => ({
      name: call.function.name,
      input: JSON.parse(call.function.arguments) as unknown,
    }));
    const reasoning = {
      reasoning: message.reasoning_content ?? '',
      details: message.reasoning_details ?? [],
    };
    const intact = isDeepStrictEqual(reasoning, { reasoning: said.reasoning, details: said.details });
    const absent = isDeepStrictEqual(reasoning, { reasoning: '', details: [] });
    const spoken = messages.slice(index + 1).some(({ role }) => role === 'user');
    return [
      ...(message.content === said.content ? [] : [`${at}: not the text that the model gave`]),
      ...(isDeepStrictEqual(calls, said.calls) ? [] : [`${at}: not the calls that the model made`]),
      ...(intact || (absent && spoken) ? [] : [`${at}: the reasoning is not what the model gave`]),
    ];
  });
}
