import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Json, JsonObject } from '../../../core/json.ts';
import { drain } from '../drain.ts';
import { isJsonObject } from '../tool-input.ts';
import { toModelError } from '../vendor-failure.ts';
import { errorIn } from './error-event.ts';

/** How the events of an answer ended: by a marker that says so (`[DONE]`, the end of a whole document), or because no more came. */
export type AnswerEnd = 'marker' | 'body';

export interface AnswerForm {
  /** Its name, for messages. */
  vendor: string;
  /** The events that a whole answer is worth: servers and gateways that cannot stream send one document instead. */
  whole(answer: JsonObject): Json[];
}

/**
 * The events of an answer with status 200, by what its body is rather than by its content type, which proxies and small servers get
 * wrong: an event stream, a JSON document, a list of such, or one document a line. An error in any of these, and a body that is none of them,
 * fails as a `model_*` error. Reading stops where the caller stops, or with the abort of the request.
 *
 * @typeParam Event - what the caller takes the events for; they are objects, and nothing more is checked.
 */
export async function* answerEvents<Event>(
  response: Response,
  form: AnswerForm,
): AsyncGenerator<Event, AnswerEnd> {
  const body = response.body?.getReader();
  const pieces = textOf(body);
  const cancel = () => void body?.cancel().catch(() => undefined);
  let end: AnswerEnd | undefined;
  try {
    const head = await readHead(pieces);
    const start = head.trimStart();
    if (/^[{[]/.test(start)) end = yield* documents(start, pieces, form) as AsyncGenerator<Event, AnswerEnd>;
    else if (/^(?::|(?:data|event|id|retry)(?::|\r|\n|$))/.test(start))
      end = yield* serverSentEvents(start, pieces, form) as AsyncGenerator<Event, AnswerEnd>;
    else throw noAnswer(response, start, form.vendor);
    return end;
  } finally {
    // What follows the marker is read in the background, so that the connection can be used again.
    if (end === 'marker') drain(pieces, cancel);
    else cancel();
  }
}

type Pieces = AsyncGenerator<string, undefined>;

async function* textOf(body: ReadableStreamDefaultReader<Uint8Array> | undefined): Pieces {
  const decoder = new TextDecoder();
  for (;;) {
    const piece = await body?.read();
    if (piece?.value !== undefined) yield decoder.decode(piece.value, { stream: true });
    if (piece === undefined || piece.done) return undefined;
  }
}

/** As much of the body as tells what it is. */
async function readHead(pieces: Pieces): Promise<string> {
  let head = '';
  for (;;) {
    const start = head.trimStart();
    if (/^[{[<:]/.test(start) || start.length >= 'retry:'.length || /^\S+\s/.test(start)) return head;
    const piece = await pieces.next();
    if (piece.done === true) return head;
    head += piece.value;
  }
}

async function* serverSentEvents(
  head: string,
  pieces: Pieces,
  { vendor, whole }: AnswerForm,
): AsyncGenerator<JsonObject, AnswerEnd> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    // Servers that fail in the middle write their error as it is, without making it an event.
    onError: ({ line = '' }) => {
      if (line.startsWith('{') && parsed(line) !== undefined) messages.push({ data: line });
    },
  });
  parser.feed(head);
  for (;;) {
    for (const message of messages.splice(0))
      for (const data of dataOf(message)) {
        if (DONE.test(data)) return 'marker';
        if (isPingWord(data) || isPingWord(message.event ?? '')) continue;
        for (const event of eventsOf(data, message.event, vendor))
          if (!isPing(event)) yield* whole(event).map((part) => checked(part, vendor));
      }
    const piece = await pieces.next();
    // Some servers leave out the empty line after their last event.
    parser.feed(piece.done === true ? '\n\n' : piece.value);
    if (piece.done === true && messages.length === 0) return 'body';
  }
}

/** The data of a message; servers that leave out the empty lines between events make one message of several. */
function dataOf({ data }: EventSourceMessage): string[] {
  // A gateway that passes on the lines of another writes the field twice.
  const lines = data.split('\n').map((line) => line.replace(/^data:/, '').trim());
  const apart = lines.length > 1 && lines.every((line) => DONE.test(line) || parsed(line) !== undefined);
  return (apart ? lines : [lines.join('\n').trim()]).filter((text) => text !== '');
}

const DONE = /^"?\[DONE\]"?$/i;

/** The events in the data of one message: one, or as many as a list has. */
function eventsOf(data: string, name: string | undefined, vendor: string): JsonObject[] {
  const value = parsed(data);
  if (value === undefined && name === 'error') throw toModelError({ vendor, message: data });
  if (value === undefined)
    throw toModelError({ vendor, message: `its stream broke the protocol: ${quoted(data)} is no JSON` });
  return (Array.isArray(value) ? value : [value]).map((given) => {
    const event = checked(given, vendor, name);
    // Some name an event beside its data only.
    return name === undefined || event['type'] !== undefined ? event : { ...event, type: name };
  });
}

/** Events that only keep the connection alive say nothing of the answer, and nothing of whether it goes on. */
function isPing({ type }: JsonObject): boolean {
  return typeof type === 'string' && isPingWord(type);
}

function isPingWord(word: string): boolean {
  return /^(response\.)?(ping|keep[-_]?alive|heartbeat)$/i.test(word);
}

/** One document, a list of them, or one a line, each as soon as it is whole. */
async function* documents(
  head: string,
  pieces: Pieces,
  { vendor, whole }: AnswerForm,
): AsyncGenerator<JsonObject, AnswerEnd> {
  let text = '';
  let rest = head;
  let count = 0;
  for (;;) {
    const piece = await pieces.next();
    rest += piece.value ?? '';
    const lines = rest.split('\n');
    rest = piece.done === true ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      text = text === '' ? line : `${text}\n${line}`;
      // Whole at the end of a line, if at all; a document over many lines ends with a bracket of its own.
      const value = text === line || /^[}\]]\s*$/.test(line) ? parsed(text) : undefined;
      if (value === undefined) continue;
      text = '';
      count += 1;
      for (const document of Array.isArray(value) ? value : [value])
        yield* whole(checked(document, vendor)).map((part) => checked(part, vendor));
    }
    if (piece.done !== true) continue;
    if (text.trim() === '') return count === 1 ? 'marker' : 'body';
    const last = parsed(text);
    if (last === undefined)
      throw toModelError({ vendor, message: `its answer is JSON that breaks off after ${quoted(text)}` });
    for (const document of Array.isArray(last) ? last : [last])
      yield* whole(checked(document, vendor)).map((part) => checked(part, vendor));
    return count === 0 ? 'marker' : 'body';
  }
}

/** An object that is no error. */
function checked(value: Json, vendor: string, name?: string): JsonObject {
  if (!isJsonObject(value))
    throw toModelError({ vendor, message: 'its stream broke the protocol: an event that is no object' });
  const error = errorIn(value, name);
  if (error !== undefined) throw toModelError({ vendor, ...error });
  return value;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** A page of a proxy or a login, plain words, or nothing. */
function noAnswer(response: Response, start: string, vendor: string): Error {
  const type = response.headers.get('content-type')?.slice(0, 100) ?? 'no content type';
  const what = start === '' ? 'an empty body' : `a body that begins ${quoted(start)}`;
  return toModelError({
    vendor,
    message: `expected an event stream but got ${what} (${type}); is the base URL right?`,
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120).replace(/\s+/g, ' ').toWellFormed());
}
