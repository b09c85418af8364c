import type { IncomingModelRequest, RequestSummary, WireFormat } from '../../format.ts';
import { createPromptCache, promptTokens, type PromptPart } from '../../prompt-cache.ts';
import { anthropicFrames, frame, ping } from './frames.ts';
import { createIssuedAnswers } from './issued.ts';
import { anthropicViolations } from './validate.ts';

/** The Messages API of Anthropic. */
export function createAnthropicFormat(): WireFormat {
  const issued = createIssuedAnswers();
  const cache = createPromptCache();
  return {
    name: 'anthropic',
    requestIdHeader: 'request-id',
    matches: (path) => path === '/v1/messages',
    validate: (request) => anthropicViolations(request, issued),
    summarise,
    promptTokens: (request) => promptTokens(partsOf(request)[0]),
    countPrompt: (request) => cache.count(...partsOf(request)),
    counter: {
      matches: (path) => path === '/v1/messages/count_tokens',
      asRequest: (request) => ({
        ...request,
        body: { max_tokens: 8_192, stream: true, ...looseBody(request) },
      }),
      answer: (tokens) => ({ input_tokens: tokens }),
    },
    frames: (script, context) => anthropicFrames(script, context, issued),
    ping,
    errorBody: (status, type, message) =>
      JSON.stringify({ type: 'error', error: { type: type ?? typeOf(status), message } }),
    tooLong: (tokens, window) => ({
      message: `prompt is too long: ${String(tokens)} tokens > ${String(window)} maximum`,
    }),
    errorFrame: (type, message) => frame('other', 'error', { error: { type, message } }),
    unknownFrame: () => frame('other', 'content_block_weather', { index: 0, forecast: 'sunny' }),
  };
}

function typeOf(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[status] ?? 'api_error';
}

/** Bodies are read loosely here: the answer to a wrong request names what is wrong, whatever its shape. */
interface LooseBody {
  model?: unknown;
  system?: unknown;
  tools?: { name?: unknown }[];
  messages?: { role?: unknown; content?: unknown }[];
}

function looseBody({ body }: IncomingModelRequest): LooseBody {
  return typeof body === 'object' && body !== null ? body : {};
}

function summarise(request: IncomingModelRequest): RequestSummary {
  const { model, tools, messages } = looseBody(request);
  const list = Array.isArray(messages) ? messages : [];
  const userTexts = list.filter(({ role }) => role === 'user').map(({ content }) => textIn(content));
  return {
    model: typeof model === 'string' ? model : '',
    firstUserText: userTexts[0] ?? '',
    lastUserText: userTexts.findLast((text) => text !== '') ?? '',
    answers: list.filter(({ role }) => role === 'assistant').length,
    tools: Array.isArray(tools) ? tools.map(({ name }) => String(name)) : [],
  };
}

function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .flatMap((block: { type?: unknown; text?: unknown }) =>
      block.type === 'text' ? [String(block.text)] : [],
    )
    .join('\n');
}

function partsOf(request: IncomingModelRequest): [PromptPart[], '5m' | '1h'] {
  const { model, tools, system, messages } = looseBody(request);
  const parts: PromptPart[] = [{ text: String(model), marked: false }];
  let ttl: '5m' | '1h' = '5m';
  const add = (prefix: string, blocks: unknown) => {
    for (const block of Array.isArray(blocks) ? blocks : [blocks]) {
      if (typeof block !== 'object' || block === null) continue;
      const { cache_control: marker, ...rest } = block as Record<string, unknown>;
      if (JSON.stringify(marker ?? null).includes('1h')) ttl = '1h';
      parts.push({ text: prefix + JSON.stringify(rest), marked: marker !== undefined });
    }
  };
  add('tool', tools);
  add('system', system);
  for (const { role, content } of Array.isArray(messages) ? messages : []) add(String(role), content);
  return [parts, ttl];
}
