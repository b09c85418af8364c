import type { IncomingModelRequest, RequestSummary, WireFormat } from '../../format.ts';
import { fieldOf, listOf, summaryOf, textIn } from '../../loose-body.ts';
import { createPromptCache, promptTokens, type PromptPart } from '../../prompt-cache.ts';
import { chatFrames } from './chat-frames.ts';
import { chatViolations, type IssuedChatAnswer } from './chat-validate.ts';
import { openAiError, openAiTooLong } from './openai-error.ts';

/** OpenAI's chat completions. */
export function createChatFormat(): WireFormat {
  const issued = new Map<string, IssuedChatAnswer>();
  const cache = createPromptCache();
  const remember = (ids: string[], answer: IssuedChatAnswer) => {
    for (const id of ids) {
      // An id that was given out twice says nothing about the answer it belongs to.
      if (issued.has(id) || ids.filter((other) => other === id).length > 1) issued.delete(id);
      else issued.set(id, answer);
    }
  };
  return {
    name: 'openai-chat',
    requestIdHeader: 'x-request-id',
    matches: (path) => path.endsWith('/chat/completions'),
    validate: (request) => chatViolations(request, issued),
    summarise,
    promptTokens: ({ body }) => promptTokens(partsOf(body)),
    countPrompt: ({ body }) => cache.count(partsOf(body), '5m'),
    frames: (script, context) => chatFrames(script, context, remember),
    ping: () => ({ kind: 'other', data: '', comment: 'still at it' }),
    errorBody: openAiError,
    tooLong: openAiTooLong,
    errorFrame: (type, message) => ({ kind: 'other', data: openAiError(500, type, message) }),
    unknownFrame: () => ({
      kind: 'other',
      data: JSON.stringify({ id: 'x', object: 'chat.completion.weather', choices: [], forecast: 'sunny' }),
    }),
  };
}

function summarise({ body }: IncomingModelRequest): RequestSummary {
  const messages = listOf(fieldOf(body, 'messages'));
  const ofRole = (role: string) => messages.filter((message) => fieldOf(message, 'role') === role);
  return summaryOf({
    model: fieldOf(body, 'model'),
    userTexts: ofRole('user').map((message) => textIn(fieldOf(message, 'content'))),
    answers: ofRole('assistant').length,
    tools: listOf(fieldOf(body, 'tools')).map((tool) => fieldOf(fieldOf(tool, 'function'), 'name')),
  });
}

/** The vendor keeps every prefix by itself. */
function partsOf(body: unknown): PromptPart[] {
  return [fieldOf(body, 'model'), fieldOf(body, 'tools'), ...listOf(fieldOf(body, 'messages'))].map(
    (part) => ({
      text: JSON.stringify(part ?? null),
      marked: true,
    }),
  );
}
