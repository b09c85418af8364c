import { isDeepStrictEqual } from 'node:util';
import { callViolations, type CallStep } from '../../call-rules.ts';
import type { IncomingModelRequest } from '../../format.ts';
import { hasLoneSurrogate } from '../../lone-surrogates.ts';
import { dataUrlViolation } from '../../media-signatures.ts';
import { isHiddenThinking } from '../../signatures.ts';
import { zodViolations } from '../../zod-violations.ts';
import { duplicateNames, headerViolations, parameterViolations } from './function-rules.ts';
import { ResponsesRequest, type InputItem } from './responses-request-schema.ts';

/** The items of an answer as they must come back, by the ids of its calls. */
export type IssuedItems = ReadonlyMap<string, InputItem[]>;

/** Everything that the Responses API would refuse about a request, and what this service should never send. */
export function responsesViolations(incoming: IncomingModelRequest, issued: IssuedItems): string[] {
  const headers = headerViolations(incoming.method, incoming.headers);
  const parsed = ResponsesRequest.safeParse(incoming.body);
  if (!parsed.success) return [...headers, ...zodViolations(parsed.error)];
  const request = parsed.data;
  const tools = request.tools ?? [];
  const reasons = /^(gpt-[5-9]|o\d)/.test(request.model);
  return [
    ...headers,
    ...(hasLoneSurrogate(incoming.body) ? ['body: lone surrogates'] : []),
    ...duplicateNames(tools.map(({ name }) => name)),
    ...tools.flatMap(({ name, parameters }) => parameterViolations(parameters, `tools.${name}`)),
    ...(!reasons && request.reasoning !== undefined ? [`reasoning: ${request.model} does not reason`] : []),
    ...(reasons && request.include === undefined ? ['include: the reasoning would be lost'] : []),
    ...(reasons && (request.temperature ?? request.top_p) !== undefined
      ? [`temperature, top_p: not supported with ${request.model}`]
      : []),
    ...orderViolations(request.input),
    ...callViolations(request.input.flatMap(stepsOf)),
    ...request.input.flatMap(itemViolations),
    ...changeViolations(request.input, issued),
  ];
}

function isOwn(item: InputItem | undefined): boolean {
  if (item === undefined) return false;
  return (
    item.type === 'reasoning' ||
    item.type === 'function_call' ||
    (item.type === 'message' && item.role === 'assistant')
  );
}

function orderViolations(items: readonly InputItem[]): string[] {
  const violations: string[] = [];
  if (isOwn(items[0])) violations.push('input.0: the conversation must begin with the user');
  if (isOwn(items.at(-1)) && items.at(-1)?.type !== 'function_call')
    violations.push('input: the last item is the assistant’s own');
  for (const [index, item] of items.entries())
    if (item.type === 'reasoning' && !isOwn(items[index + 1]))
      violations.push(`input.${String(index)}: reasoning without the item that it belongs to`);
  return violations;
}

/** Items of one answer may stand between its calls; what others say may not. */
function stepsOf(item: InputItem, index: number): CallStep[] {
  const at = `input.${String(index)}`;
  if (item.type === 'function_call') return [{ kind: 'call', id: item.call_id, at }];
  if (item.type === 'function_call_output') return [{ kind: 'result', id: item.call_id, at }];
  return isOwn(item) ? [] : [{ kind: 'other', at }];
}

function itemViolations(item: InputItem, index: number): string[] {
  const at = `input.${String(index)}`;
  if (item.type === 'reasoning')
    return isHiddenThinking(item.encrypted_content) ? [] : [`${at}: the encrypted reasoning was changed`];
  const parts =
    item.type === 'message' ? item.content : item.type === 'function_call_output' ? item.output : '';
  if (typeof parts === 'string') return [];
  return parts.flatMap((part) => {
    if (part.type === 'input_image' && !part.image_url.startsWith('http'))
      return placed(
        at,
        dataUrlViolation(part.image_url, ['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      );
    if (part.type === 'input_file' && part.file_data !== undefined)
      return placed(at, dataUrlViolation(part.file_data, ['application/pdf']));
    return [];
  });
}

function placed(at: string, violation: string | undefined): string[] {
  return violation === undefined ? [] : [`${at}: ${violation}`];
}

/** Answers must come back whole and as they were given. */
function changeViolations(items: readonly InputItem[], issued: IssuedItems): string[] {
  return items.flatMap((item, index) => {
    const said = item.type === 'function_call' ? issued.get(item.call_id) : undefined;
    if (said === undefined) return [];
    const place = said.findIndex((one) => one.type === 'function_call' && isDeepStrictEqual(one, item));
    const start = index - place;
    const same =
      place !== -1 && start >= 0 && isDeepStrictEqual(items.slice(start, start + said.length), said);
    return same ? [] : [`input.${String(index)}: not what the model said`];
  });
}
