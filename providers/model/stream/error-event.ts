import type { Json, JsonObject } from '../../../core/json.ts';
import { readErrorBody } from '../error-body.ts';
import { retryDelayIn } from '../retry-after.ts';
import { isJsonObject } from '../tool-input.ts';
import type { VendorFailure } from '../vendor-failure.ts';

/** Fields of which every event of an answer has one, on every wire. */
const ANSWER_FIELDS = [
  'choices',
  'candidates',
  'content',
  'content_block',
  'delta',
  'item',
  'output',
  'promptFeedback',
  'response',
  'type',
  'usage',
  'usageMetadata',
];
const WORDS = ['message', 'Message', 'msg', 'detail', 'error_msg', 'error_message', 'errors'];

/**
 * The failure that an event or a document of status 200 tells, or undefined where it is none. Servers write it as OpenAI, Anthropic and
 * Google do, as an object that names itself an error, as a code that is not 0 (MiniMax), or as nothing but words.
 *
 * @param name - the name of the event, where its stream gives one.
 */
export function errorIn(event: JsonObject, name?: string): Omit<VendorFailure, 'vendor'> | undefined {
  const error = event['error'];
  const inner = error !== undefined && isJsonObject(error) ? error : undefined;
  const isNamed =
    name === 'error' ||
    event['type'] === 'error' ||
    event['object'] === 'error' ||
    event['success'] === false;
  if (!isNamed && !isSaid(error) && !isRefusal(event['base_resp']) && !isBareWords(event)) return undefined;
  const read = readErrorBody(event);
  const status = [inner?.['code'], inner?.['status'], inner?.['status_code'], inner?.['http_code']]
    .concat([event['code'], event['status'], event['status_code'], event['error_code']])
    .map(statusOf)
    .find((value) => value !== undefined);
  const word = inner?.['status'];
  const delay = retryDelayIn(inner?.['details']);
  return {
    status,
    type: read.code ?? read.type ?? (typeof word === 'string' ? word : undefined),
    message: read.message ?? JSON.stringify(error ?? event).slice(0, 500),
    ...(delay === undefined ? {} : { retryAfterMs: delay }),
  };
}

/** Servers write `error: null`, `""` or `{}` into events that are none. */
function isSaid(error: Json | undefined): boolean {
  if (error === undefined || error === null || error === '' || error === false) return false;
  return !isJsonObject(error) || Object.values(error).some((value) => value !== null && value !== '');
}

function isRefusal(baseResp: Json | undefined): boolean {
  if (baseResp === undefined || !isJsonObject(baseResp)) return false;
  const code = baseResp['status_code'];
  return code !== undefined && code !== null && Number(code) !== 0;
}

function isBareWords(event: JsonObject): boolean {
  if (ANSWER_FIELDS.some((field) => isThere(event[field]))) return false;
  // Gateways say of every event that it went well.
  const { code } = event;
  if (code === 0 || code === '0' || code === 200 || code === '200') return false;
  return WORDS.some((field) => {
    const words = event[field];
    return typeof words === 'string'
      ? !/^(ok|success)?$/i.test(words.trim())
      : isThere(words) && Array.isArray(words);
  });
}

/** Gateways write the fields of an answer into an error as well, without content. */
function isThere(value: Json | undefined): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function statusOf(value: Json | undefined): number | undefined {
  const status = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined;
}
