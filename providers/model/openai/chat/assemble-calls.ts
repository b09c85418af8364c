import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';

export interface CollectedCall {
  type: 'tool_use';
  /** null where the server gives none. */
  id: string | null;
  /** Empty where none came: such a call is reported, never run. */
  name: string;
  /** The arguments as text, as far as they came. */
  json: string;
  /** What the server wants back with the call. */
  extras?: JsonObject;
}

/** Puts the tool calls of a streamed completion together. */
export interface CallAssembler {
  /** Takes one piece of `tool_calls`; tells which call it belongs to, and whether it is the first of it. */
  add(piece: unknown): { call: CollectedCall; begins: boolean } | undefined;
  /** Ends a delta: what stood in one list side by side is told apart more readily than what follows. */
  endDelta(): void;
  /** Puts arguments that came apart from their name to it; the pieces that were taken for calls of their own until then. */
  join(): ReadonlySet<CollectedCall>;
}

interface OpenCall extends CollectedCall {
  index: number | null;
  /** Whether its last piece came in the delta that is being read. */
  isFresh: boolean;
}

interface Piece {
  index: number | null;
  id: string | null;
  name: string;
  json: string;
  /** The arguments came as the object that they are. */
  isWhole: boolean;
}

/**
 * OpenAI tells calls apart by `index`, and gives id and name once. Compatible servers leave the index out, give the same to all calls or
 * another to each piece; repeat the name, cut it in pieces or send it after the arguments; give each piece an id of its own; send a call
 * again in the last chunk. So a piece goes to the call of its index, else of its id, else to the last one, unless it begins another:
 * then it names a tool, and the call before has all of its arguments or another name.
 *
 * @param offered - the names of the tools on the wire, by which a second name is told from the rest of the first.
 */
export function createCallAssembler(offered: ReadonlySet<string>): CallAssembler {
  const calls: OpenCall[] = [];

  const callOf = (piece: Piece): OpenCall | undefined => {
    const { index, id } = piece;
    const named = calls.findLast(
      (call) => id !== null && call.id === id && (index === null || call.index === index),
    );
    if (named !== undefined) return named;
    const known = index === null ? calls.at(-1) : calls.findLast((call) => call.index === index);
    if (known !== undefined || piece.id !== null || piece.name !== '') return known;
    // Only arguments, under an index of their own: they go on where arguments are missing.
    const last = calls.at(-1);
    return last === undefined || isComplete(last.json) ? undefined : last;
  };

  const grows = (call: OpenCall, name: string): boolean =>
    name.startsWith(call.name) && !offered.has(call.name);

  const isRest = (call: OpenCall, name: string): boolean => {
    if (grows(call, name)) return true;
    const joined = call.name + name;
    return !offered.has(name) || [...offered].some((tool) => tool.startsWith(joined));
  };

  const begins = (call: OpenCall, piece: Piece): boolean => {
    const differs = piece.id !== null && call.id !== null && piece.id !== call.id;
    const isAgain = isSameJson(call.json, piece.json);
    if (piece.name === '') {
      // A whole object after another is no more of it, except after the `{}` that some begin with.
      const another = piece.json.trimStart().startsWith('{') && call.json.trim() !== '{}';
      return call.name !== '' && another && !isAgain && isComplete(call.json);
    }
    if (call.name === '') return differs && isComplete(call.json);
    if (isComplete(call.json)) {
      if (differs || (piece.name !== call.name && offered.has(piece.name))) return true;
      const isApart = piece.index === null && piece.id === null;
      return isApart || (piece.json.trim() !== '' && !isAgain && call.json.trim() !== '{}');
    }
    if (piece.name === call.name) return call.json.trim() === '' && differs && call.isFresh;
    if (call.json.trim() === '') return differs || !isRest(call, piece.name);
    return differs || offered.has(piece.name);
  };

  const extend = (call: OpenCall, piece: Piece): void => {
    call.id ??= piece.id;
    call.isFresh = true;
    const { name } = piece;
    if (call.name === '' || grows(call, name)) call.name = name || call.name;
    else if (name !== call.name && call.json.trim() === '') call.name += name;
    const isStandIn = call.json.trim() === '{}' && piece.json.trimStart().startsWith('{');
    if (piece.isWhole || isStandIn) call.json = piece.json;
    else if (!isSameJson(call.json, piece.json)) call.json += piece.json;
  };

  return {
    add(given) {
      const piece = readPiece(given);
      if (piece === undefined) return undefined;
      const known = callOf(piece);
      if (known !== undefined && !begins(known, piece)) {
        extend(known, piece);
        return { call: known, begins: false };
      }
      const { index, id, name, json } = piece;
      const call: OpenCall = { type: 'tool_use', id, name, json, index, isFresh: true };
      calls.push(call);
      return { call, begins: true };
    },
    endDelta() {
      for (const call of calls) call.isFresh = false;
    },
    join: () => joined(calls),
  };
}

/** Arguments without a name belong to the call before them that lacks some, else to the next one that has none. */
function joined(calls: OpenCall[]): ReadonlySet<CollectedCall> {
  const taken = new Set<OpenCall>();
  for (const [position, call] of calls.entries()) {
    if (call.name !== '') continue;
    const before = calls.slice(0, position).findLast(({ name, json }) => name !== '' && !isComplete(json));
    const after = calls.slice(position).find(({ name, json }) => name !== '' && json.trim() === '');
    const owner = before ?? after;
    if (owner === undefined) continue;
    owner.json += call.json;
    taken.add(call);
  }
  calls.splice(0, calls.length, ...calls.filter((call) => !taken.has(call)));
  return taken;
}

function readPiece(given: unknown): Piece | undefined {
  if (!isJsonObject(given)) return undefined;
  const called = isJsonObject(given['function'] ?? null) ? (given['function'] as JsonObject) : given;
  const { name, arguments: input } = called;
  const index = given['index'];
  const position = typeof index === 'string' && index !== '' ? Number(index) : index;
  const id = given['id'];
  const isWhole = typeof input === 'object' && input !== null;
  return {
    index: typeof position === 'number' && Number.isInteger(position) ? position : null,
    id: typeof id === 'string' && id !== '' ? id : typeof id === 'number' ? String(id) : null,
    name: typeof name === 'string' ? name : '',
    json: typeof input === 'string' ? input : isWhole ? JSON.stringify(input) : '',
    isWhole,
  };
}

/** Whether the text is a whole JSON object. The look at its ends keeps this cheap while pieces come. */
function isComplete(json: string): boolean {
  return objectIn(json) !== undefined;
}

function isSameJson(known: string, piece: string): boolean {
  const value = objectIn(piece);
  return value !== undefined && isDeepStrictEqual(value, objectIn(known));
}

function objectIn(json: string): JsonObject | undefined {
  const text = json.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
