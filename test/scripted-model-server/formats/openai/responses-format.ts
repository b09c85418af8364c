import type { IncomingModelRequest, RequestSummary, WireFormat } from '../../format.ts';
import { fieldOf, listOf, summaryOf, textIn } from '../../loose-body.ts';
import { createPromptCache, promptTokens, type PromptPart } from '../../prompt-cache.ts';
import { openAiError, openAiTooLong } from './openai-error.ts';
import { responsesFrames } from './responses-frames.ts';
import type { InputItem } from './responses-request-schema.ts';
import { responsesViolations } from './responses-validate.ts';

/** OpenAI's Responses API. */
export function createResponsesFormat(): WireFormat {
  const issued = new Map<string, InputItem[]>();
  const cache = createPromptCache();
  const remember = (items: InputItem[]) => {
    // Reasoning at the end belongs to nothing and cannot come back.
    const end = items.findLastIndex(({ type }) => type !== 'reasoning');
    const visible = items
      .slice(0, end + 1)
      .filter(
        (item) => item.type !== 'message' || (typeof item.content === 'string' && /\S/.test(item.content)),
      );
    const ids = items.flatMap((item) => (item.type === 'function_call' ? [item.call_id] : []));
    for (const id of ids) {
      // An id that was given out twice says nothing about the answer it belongs to.
      if (issued.has(id) || ids.filter((other) => other === id).length > 1) issued.delete(id);
      else issued.set(id, visible);
    }
  };
  return {
    name: 'openai-responses',
    requestIdHeader: 'x-request-id',
    matches: (path) => path.endsWith('/responses'),
    validate: (request) => responsesViolations(request, issued),
    summarise,
    promptTokens: ({ body }) => promptTokens(partsOf(body)),
    countPrompt: ({ body }) => cache.count(partsOf(body), '5m'),
    counter: {
      matches: (path) => path.endsWith('/responses/input_tokens'),
      asRequest: (request) => {
        const body = typeof request.body === 'object' && request.body !== null ? request.body : {};
        const rest = {
          stream: true,
          store: false,
          max_output_tokens: 100,
          include: ['reasoning.encrypted_content'],
        };
        return { ...request, body: { ...rest, ...body } };
      },
      answer: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
    },
    frames: (script, context) => responsesFrames(script, context, remember),
    ping: () => ({ kind: 'other', data: '', comment: 'still at it' }),
    errorBody: openAiError,
    tooLong: openAiTooLong,
    errorFrame: (type, message) => ({
      kind: 'other',
      event: 'error',
      data: JSON.stringify({ type: 'error', code: type, message, param: null, sequence_number: 99 }),
    }),
    unknownFrame: () => ({
      kind: 'other',
      event: 'response.weather',
      data: JSON.stringify({ type: 'response.weather', forecast: 'sunny' }),
    }),
  };
}

function summarise({ body }: IncomingModelRequest): RequestSummary {
  const items = listOf(fieldOf(body, 'input'));
  const own = items.map((item) => {
    const type = fieldOf(item, 'type');
    return type === 'function_call' || type === 'reasoning' || fieldOf(item, 'role') === 'assistant';
  });
  return summaryOf({
    model: fieldOf(body, 'model'),
    userTexts: items
      .filter((item) => fieldOf(item, 'role') === 'user')
      .map((item) => textIn(fieldOf(item, 'content'))),
    // Items of one answer stand together.
    answers: own.filter((isOwn, index) => isOwn && own[index - 1] !== true).length,
    tools: listOf(fieldOf(body, 'tools')).map((tool) => fieldOf(tool, 'name')),
  });
}

/** The vendor keeps every prefix by itself. */
function partsOf(body: unknown): PromptPart[] {
  const head = [fieldOf(body, 'model'), fieldOf(body, 'tools'), fieldOf(body, 'instructions')];
  return [...head, ...listOf(fieldOf(body, 'input'))].map((part) => ({
    text: JSON.stringify(part ?? null),
    marked: true,
  }));
}
