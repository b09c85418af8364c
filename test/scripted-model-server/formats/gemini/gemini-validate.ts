import { isDeepStrictEqual } from 'node:util';
import type { IncomingModelRequest } from '../../format.ts';
import { fieldOf } from '../../loose-body.ts';
import { hasLoneSurrogate } from '../../lone-surrogates.ts';
import { isOfType } from '../../media-signatures.ts';
import { isHiddenThinking } from '../../signatures.ts';
import { zodViolations } from '../../zod-violations.ts';
import { duplicateNames } from '../openai/function-rules.ts';
import { GeminiRequest, type GeminiContent, type GeminiModelPart } from './gemini-request-schema.ts';

/** The parts of an answer as they must come back, by the ids of its calls. */
export type IssuedParts = ReadonlyMap<string, GeminiModelPart[]>;

const STAND_IN = 'skip_thought_signature_validator';
const MEDIA_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif', 'application/pdf'];

/** Everything that Gemini would refuse about a request, and what this service should never send. */
export function geminiViolations(incoming: IncomingModelRequest, issued: IssuedParts): string[] {
  const headers = headerViolations(incoming);
  const parsed = GeminiRequest.safeParse(incoming.body);
  if (!parsed.success) return [...headers, ...zodViolations(parsed.error)];
  const request = parsed.data;
  const declarations = request.tools?.[0]?.functionDeclarations ?? [];
  const levels = !/models\/gemini-[12]\b/.test(incoming.path);
  const thinking = request.generationConfig.thinkingConfig;
  return [
    ...headers,
    ...(hasLoneSurrogate(incoming.body) ? ['body: lone surrogates'] : []),
    ...duplicateNames(declarations.map(({ name }) => name)),
    ...declarations.flatMap(({ name, parametersJsonSchema }) =>
      schemaViolations(parametersJsonSchema, `tools.${name}`),
    ),
    ...(levels && thinking?.thinkingBudget !== undefined
      ? ['thinkingConfig: this model takes a level, no budget']
      : []),
    ...(!levels && thinking?.thinkingLevel !== undefined
      ? ['thinkingConfig: this model takes a budget, no level']
      : []),
    ...orderViolations(request.contents),
    ...callViolations(request.contents),
    ...(levels ? signatureViolations(request.contents) : []),
    ...(levels ? [] : resultMediaViolations(request.contents)),
    ...mediaViolations(request),
    ...changeViolations(request.contents, issued),
  ];
}

function headerViolations({ method, headers }: IncomingModelRequest): string[] {
  return [
    ...(method === 'POST' ? [] : [`method ${method}`]),
    ...(headers['content-type']?.startsWith('application/json') === true
      ? []
      : ['content-type is not application/json']),
    ...(headers['x-goog-api-key'] === undefined ? ['no credentials'] : []),
  ];
}

const KNOWN_WORDS = new Set(
  (
    '$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum anyOf oneOf ' +
    'properties additionalProperties required propertyOrdering'
  ).split(' '),
);

function schemaViolations(schema: unknown, at: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([word, value]) => {
    if (!KNOWN_WORDS.has(word)) return [`${at}: the word ${word} is not known`];
    if (word === 'properties' || word === '$defs')
      return Object.entries(value as object).flatMap(([name, inner]) =>
        schemaViolations(inner, `${at}.${name}`),
      );
    if (word === 'anyOf' || word === 'oneOf' || word === 'prefixItems')
      return (value as unknown[]).flatMap((inner) => schemaViolations(inner, `${at}.${word}`));
    return word === 'items' || word === 'additionalProperties'
      ? schemaViolations(value, `${at}.${word}`)
      : [];
  });
}

function orderViolations(contents: readonly GeminiContent[]): string[] {
  const violations: string[] = [];
  if (contents[0]?.role !== 'user') violations.push('contents.0: the conversation must begin with the user');
  if (contents.at(-1)?.role !== 'user') violations.push('contents: the conversation must end with the user');
  for (const [index, { role }] of contents.entries())
    if (role === contents[index - 1]?.role)
      violations.push(`contents.${String(index)}: roles must alternate`);
  return violations;
}

function callsOf(content: GeminiContent | undefined): { id: string | undefined; name: string }[] {
  if (content?.role !== 'model') return [];
  return content.parts.flatMap((part) =>
    'functionCall' in part ? [{ id: part.functionCall.id, name: part.functionCall.name }] : [],
  );
}

/** As many responses as calls, in their order and before anything else. */
function callViolations(contents: readonly GeminiContent[]): string[] {
  const ids = contents.flatMap(callsOf).flatMap(({ id }) => id ?? []);
  const violations = ids
    .filter((id, index) => ids.indexOf(id) !== index)
    .map((id) => `contents: the call id ${id} is used twice`);
  for (const [index, content] of contents.entries()) {
    if (content.role !== 'user') continue;
    const at = `contents.${String(index)}`;
    const responses = content.parts.flatMap((part) =>
      'functionResponse' in part ? [{ id: part.functionResponse.id, name: part.functionResponse.name }] : [],
    );
    if (!isDeepStrictEqual(responses, callsOf(contents[index - 1])))
      violations.push(`${at}: the function responses are not those of the calls before`);
    const first = content.parts.slice(0, responses.length);
    if (first.some((part) => !('functionResponse' in part)))
      violations.push(`${at}: function responses must come first`);
  }
  return violations;
}

/** The first call of each answer carries a signature: the one it came with, or the one that says that there is none. */
function signatureViolations(contents: readonly GeminiContent[]): string[] {
  return contents.flatMap((content, index) => {
    if (content.role !== 'model') return [];
    const first = content.parts.find((part) => 'functionCall' in part);
    const bad = content.parts.some(
      ({ thoughtSignature }) =>
        thoughtSignature !== undefined &&
        thoughtSignature !== STAND_IN &&
        !isHiddenThinking(thoughtSignature),
    );
    const at = `contents.${String(index)}`;
    return [
      ...(first !== undefined && first.thoughtSignature === undefined
        ? [`${at}: a call without its signature`]
        : []),
      ...(bad ? [`${at}: an invalid signature`] : []),
    ];
  });
}

function resultMediaViolations(contents: readonly GeminiContent[]): string[] {
  return contents.flatMap((content) =>
    content.role === 'user' &&
    content.parts.some((part) => 'functionResponse' in part && part.functionResponse.parts !== undefined)
      ? ['contents: this model takes no parts in a function response']
      : [],
  );
}

function mediaViolations({ contents }: GeminiRequest): string[] {
  const parts = contents.flatMap((content) =>
    content.role === 'user'
      ? content.parts.flatMap((part) =>
          'functionResponse' in part ? [...(part.functionResponse.parts ?? [])] : [part],
        )
      : [],
  );
  return parts.flatMap((part) => {
    const data = fieldOf(part, 'inlineData');
    if (data === undefined) return [];
    const mediaType = String(fieldOf(data, 'mimeType'));
    const bytes = Buffer.from(String(fieldOf(data, 'data')), 'base64');
    if (!MEDIA_TYPES.includes(mediaType)) return [`contents: ${mediaType} is not taken`];
    return isOfType(bytes, mediaType) ? [] : [`contents: data that is no ${mediaType}`];
  });
}

/** Answers must come back whole and as they were given, each signature with its part. */
function changeViolations(contents: readonly GeminiContent[], issued: IssuedParts): string[] {
  return contents.flatMap((content, index) => {
    const id = callsOf(content)[0]?.id;
    const said = id === undefined ? undefined : issued.get(id);
    if (said === undefined || content.role !== 'model') return [];
    const start = content.parts.findIndex((_part, at) =>
      isDeepStrictEqual(content.parts.slice(at, at + said.length), said),
    );
    return start === -1 ? [`contents.${String(index)}: not what the model said`] : [];
  });
}
