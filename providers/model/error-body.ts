import type { Json, JsonObject } from '../../core/json.ts';
import { isJsonObject } from './tool-input.ts';

/** What stands in the body of a refusal. */
export interface ErrorBody {
  message?: string;
  /** The vendor's name or number for it. */
  code?: string;
  type?: string;
}

/**
 * Reads the body of a refusal, in any of the shapes that servers give it: OpenAI's and Anthropic's `error` object, Google's list of such,
 * fields at the top (vLLM, SGLang, Mistral, AWS), `detail` of FastAPI with its list of fields, `base_resp` of MiniMax, a bare string, and a router's
 * `metadata.raw`, which holds what the vendor behind it said.
 */
export function readErrorBody(body: Json): ErrorBody {
  if (typeof body === 'string') return textOrJson(body);
  if (Array.isArray(body)) return body[0] === undefined ? {} : readErrorBody(body[0]);
  if (!isJsonObject(body)) return {};
  const inner = body['error'] ?? body['base_resp'];
  if (isJsonObject(inner ?? null) || Array.isArray(inner)) {
    const read = readErrorBody(inner as Json);
    return read.message === undefined ? { ...readFields(body), ...read } : read;
  }
  const own = readFields(body);
  return typeof inner === 'string' && own.message === undefined ? { ...own, ...textOrJson(inner) } : own;
}

function readFields(body: JsonObject): ErrorBody {
  const metadata = body['metadata'];
  const raw = metadata !== undefined && isJsonObject(metadata) ? metadata['raw'] : undefined;
  const behind = raw === undefined ? {} : readErrorBody(raw);
  const said = [
    messageIn(body),
    // Some name the whole reason here.
    sentenceIn(body['param']),
    typeof body['n_ctx'] === 'number' ? `n_ctx ${String(body['n_ctx'])}` : undefined,
    // Groq: what the model wrote.
    textIn(body['failed_generation']),
    behind.message,
  ].filter((part) => part !== undefined);
  const code = behind.code ?? nameIn(body['code']) ?? nameIn(body['Code']) ?? nameIn(body['error_code']);
  const type = behind.type ?? nameIn(body['type']) ?? nameIn(body['__type']);
  return {
    ...(said.length === 0 ? {} : { message: [...new Set(said)].join(': ') }),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
  };
}

const MESSAGES = [
  'message',
  'Message',
  'msg',
  'detail',
  'error_msg',
  'status_msg',
  'errors',
  'error_description',
];

function messageIn(body: JsonObject): string | undefined {
  for (const name of MESSAGES) {
    const text = textIn(body[name]);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}

/** A text, or the texts of a list with the fields that they are about. */
function textIn(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const texts = value.map(textIn).filter((text) => text !== undefined);
    return texts.length === 0 ? undefined : texts.join('; ');
  }
  if (value === undefined || !isJsonObject(value)) return undefined;
  const place = Array.isArray(value['loc']) ? value['loc'].map(String).join('.') : undefined;
  const text = messageIn(value);
  return place === undefined || text === undefined ? text : `${place}: ${text}`;
}

function textOrJson(text: string): ErrorBody {
  const trimmed = text.trim();
  if (/^[{[]/.test(trimmed)) {
    try {
      const read = readErrorBody(JSON.parse(trimmed) as Json);
      if (read.message !== undefined) return read;
    } catch {
      // It only looks like JSON.
    }
  }
  return trimmed === '' ? {} : { message: trimmed };
}

function sentenceIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.includes(' ') ? value : undefined;
}

/** A name or number of the vendor's own; many repeat the status there. */
function nameIn(value: Json | undefined): string | undefined {
  const name = typeof value === 'number' ? String(value) : value;
  return typeof name === 'string' && name !== '' && !/^[1-5]\d\d$/.test(name) ? name : undefined;
}

/**
 * A refusal whose body every SDK understands. The SDKs read `error.message` and nothing else, so that the words of servers that put them
 * elsewhere would be lost. Answers that are no refusals come back as they are.
 */
export async function readableRefusal(response: Response): Promise<Response> {
  if (response.status < 400) return response;
  const text = await response.text();
  const body = parsed(text);
  const read = readErrorBody(body ?? text);
  const inner = isJsonObject(body ?? null) ? (body as JsonObject)['error'] : undefined;
  const error = {
    ...(inner !== undefined && isJsonObject(inner) ? inner : firstOf(body)),
    ...read,
  };
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  const init = { status: response.status, statusText: response.statusText, headers };
  if (read.message === undefined) return new Response(text, init);
  headers.set('content-type', 'application/json');
  const rest = isJsonObject(body ?? null) ? (body as JsonObject) : {};
  return new Response(JSON.stringify({ ...rest, error }), init);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The fields of Google's list of errors, of which one is enough. */
function firstOf(body: Json | undefined): JsonObject {
  const first = Array.isArray(body) ? body[0] : undefined;
  const error = first !== undefined && isJsonObject(first) ? first['error'] : undefined;
  return error !== undefined && isJsonObject(error) ? error : {};
}
