import type { IncomingModelRequest, RequestSummary, WireFormat } from '../../format.ts';
import { fieldOf, listOf, summaryOf, textIn } from '../../loose-body.ts';
import { createPromptCache, promptTokens, type PromptPart } from '../../prompt-cache.ts';
import { geminiFrames } from './gemini-frames.ts';
import type { GeminiModelPart } from './gemini-request-schema.ts';
import { geminiViolations } from './gemini-validate.ts';

/** The Gemini API of Google. */
export function createGeminiFormat(): WireFormat {
  const issued = new Map<string, GeminiModelPart[]>();
  const cache = createPromptCache();
  const remember = (parts: GeminiModelPart[]) => {
    const visible = parts.filter(
      (part) => !('text' in part) || /\S/.test(part.text) || part.thoughtSignature !== undefined,
    );
    const ids = parts.flatMap((part) => ('functionCall' in part ? (part.functionCall.id ?? []) : []));
    for (const id of ids) {
      // An id that was given out twice says nothing about the answer it belongs to.
      if (issued.has(id) || ids.filter((other) => other === id).length > 1) issued.delete(id);
      else issued.set(id, visible);
    }
  };
  return {
    name: 'gemini',
    requestIdHeader: 'x-request-id',
    matches: (path) => /^\/v1beta\/models\/[^/]+:streamGenerateContent$/.test(path),
    validate: (request) => geminiViolations(request, issued),
    summarise,
    promptTokens: ({ body }) => promptTokens(partsOf(body)),
    countPrompt: ({ body }) => cache.count(partsOf(body), '5m'),
    counter: {
      matches: (path) => /^\/v1beta\/models\/[^/]+:countTokens$/.test(path),
      asRequest: (request) => ({
        ...request,
        body: { contents: fieldOf(request.body, 'contents'), generationConfig: { maxOutputTokens: 100 } },
      }),
      answer: (tokens) => ({ totalTokens: tokens }),
    },
    frames: (script, context) => geminiFrames(script, context, remember),
    ping: () => ({ kind: 'other', data: '', comment: 'still at it' }),
    errorBody: geminiError,
    tooLong: (tokens, window) => ({
      message: `The input token count (${String(tokens)}) exceeds the maximum number of tokens allowed (${String(window)}).`,
    }),
    errorFrame: (type, message) => ({ kind: 'other', data: geminiError(statusOf(type), type, message) }),
    unknownFrame: () => ({ kind: 'other', data: JSON.stringify({ forecast: 'sunny' }) }),
  };
}

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function geminiError(status: number, type: string | undefined, message: string): string {
  return JSON.stringify({ error: { code: status, message, status: type ?? STATUSES[status] ?? 'UNKNOWN' } });
}

function statusOf(type: string): number {
  const entry = Object.entries(STATUSES).find(([, name]) => name === type);
  return entry === undefined ? 503 : Number(entry[0]);
}

function summarise({ path, body }: IncomingModelRequest): RequestSummary {
  const contents = listOf(fieldOf(body, 'contents'));
  const ofRole = (role: string) => contents.filter((content) => fieldOf(content, 'role') === role);
  const declarations = listOf(fieldOf(listOf(fieldOf(body, 'tools'))[0], 'functionDeclarations'));
  return summaryOf({
    model: /models\/([^:]+):/.exec(path)?.[1],
    userTexts: ofRole('user').map((content) => textIn(fieldOf(content, 'parts'))),
    answers: ofRole('model').length,
    tools: declarations.map((declaration) => fieldOf(declaration, 'name')),
  });
}

/** The vendor keeps every prefix by itself, and asks nothing for it. */
function partsOf(body: unknown): PromptPart[] {
  const head = [fieldOf(body, 'tools'), fieldOf(body, 'systemInstruction')];
  return [...head, ...listOf(fieldOf(body, 'contents'))].map((part) => ({
    text: JSON.stringify(part ?? null),
    marked: true,
  }));
}
