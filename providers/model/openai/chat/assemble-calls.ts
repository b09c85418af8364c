import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../../core/json.ts';
import { isJsonObject } from '../../tool-input.ts';
import { createObjectExtent, type ObjectExtent } from './object-extent.ts';

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
  /** It began as no more than the name of the call before, and no arguments followed: it is reported, never run. */
  isDoubtful?: boolean;
}

/** Puts the tool calls of a streamed completion together. */
export interface CallAssembler {
  /** Takes one piece of `tool_calls`; tells which call it belongs to, and whether it is the first of it. */
  add(piece: unknown): { call: CollectedCall; begins: boolean } | undefined;
  /** Ends a delta: what stood in one list side by side is told apart more readily than what follows. */
  endDelta(): void;
  /** Whether every call has all of its arguments, as far as the text tells. */
  readonly areWhole: boolean;
  /**
   * Puts arguments that came apart from their name to it. Gives what was taken for a call until then and is none: these pieces, and such
   * as hold neither a name nor arguments.
   */
  join(): ReadonlySet<CollectedCall>;
}

interface OpenCall extends CollectedCall {
  index: number | null;
  /** Whether its last piece came in the delta that is being read. */
  isFresh: boolean;
  progress: ObjectExtent;
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
  // Once a call went on under another id, ids tell nothing.
  let idsChange = false;

  const callOf = ({ index, id, name }: Piece): OpenCall | undefined => {
    const named = calls.findLast(
      (call) => id !== null && call.id === id && (index === null || call.index === index),
    );
    if (named !== undefined) return named;
    const known = index === null ? calls.at(-1) : calls.findLast((call) => call.index === index);
    if (known !== undefined || id !== null || name !== '') return known;
    // Only arguments, under an index of their own: they go on where arguments are missing.
    const last = calls.at(-1);
    return last === undefined || isComplete(last) ? undefined : last;
  };

  /** The call that a piece repeats as a whole: of its id, or of its place where the server gives no ids. */
  const repeated = (piece: Piece): OpenCall | undefined => {
    if (piece.name === '' || objectIn(piece.json) === undefined) return undefined;
    return calls.find(
      (call) =>
        !call.isFresh &&
        call.name === piece.name &&
        (piece.index === null || call.index === piece.index) &&
        (piece.id === null || call.id === null || call.id === piece.id) &&
        isSameJson(call, piece.json),
    );
  };

  const grows = (call: OpenCall, name: string): boolean =>
    name.startsWith(call.name) && !offered.has(call.name);

  const isPartOfOffered = (name: string): boolean => [...offered].some((tool) => tool.startsWith(name));

  const isRest = (call: OpenCall, name: string): boolean =>
    grows(call, name) || !offered.has(name) || isPartOfOffered(call.name + name);

  const begins = (call: OpenCall, piece: Piece): boolean => {
    const differs = !idsChange && piece.id !== null && call.id !== null && piece.id !== call.id;
    if (piece.name === '') {
      // A whole object after another is no more of it, except after the `{}` that some begin with, and before one that some end with.
      const another = /^\s*\{/.test(piece.json) && !isStandIn(call.json) && !isStandIn(piece.json);
      return call.name !== '' && another && isComplete(call) && !isSameJson(call, piece.json);
    }
    if (call.name === '') return differs && isComplete(call);
    if (isComplete(call)) {
      if (piece.name !== call.name && offered.has(piece.name)) return true;
      if (differs) return true;
      if (isBlank(piece.json) || isStandIn(call.json)) return false;
      if (piece.index === null && piece.id === null) return true;
      return !isStandIn(piece.json) && !isSameJson(call, piece.json);
    }
    if (piece.name === call.name) return isBlank(call.json) && differs && call.isFresh;
    if (!isBlank(call.json)) return differs || offered.has(piece.name);
    // The rest of a name may come under another id as well.
    if (!offered.has(call.name) && !offered.has(piece.name) && isPartOfOffered(call.name + piece.name))
      return false;
    return differs || !isRest(call, piece.name);
  };

  const extend = (call: OpenCall, piece: Piece): void => {
    if (piece.id !== null && call.id !== null && piece.id !== call.id) idsChange = true;
    call.id ??= piece.id;
    call.isFresh = true;
    const { name } = piece;
    if (call.name === '' || grows(call, name)) call.name = name || call.name;
    else if (name !== call.name && isBlank(call.json)) call.name += name;
    if (
      piece.isWhole
        ? !isStandIn(piece.json) || isBlank(call.json)
        : isStandIn(call.json) && /^\s*\{/.test(piece.json)
    ) {
      call.json = piece.json;
      call.progress = createObjectExtent();
      call.progress.add(piece.json);
    } else if (
      !piece.isWhole &&
      !(isComplete(call) && (isStandIn(piece.json) || isSameJson(call, piece.json)))
    ) {
      call.json += piece.json;
      call.progress.add(piece.json);
    }
    if (!isBlank(piece.json)) delete call.isDoubtful;
  };

  return {
    get areWhole() {
      return calls.every((call) => call.name !== '' && isComplete(call));
    },
    add(given) {
      const piece = readPiece(given);
      if (piece === undefined) return undefined;
      const again = repeated(piece);
      if (again !== undefined) return { call: again, begins: false };
      const known = callOf(piece);
      if (known !== undefined && !begins(known, piece)) {
        extend(known, piece);
        return { call: known, begins: false };
      }
      const { index, id, name, json } = piece;
      if (id === null && name === '' && isBlank(json)) return undefined;
      const progress = createObjectExtent();
      progress.add(json);
      // The same tool once more at a place that is taken, and without arguments: perhaps no more than an echo.
      const isEcho =
        known !== undefined && !known.isFresh && known.name === name && isBlank(json) && isComplete(known);
      const call: OpenCall = { type: 'tool_use', id, name, json, index, isFresh: true, progress };
      if (isEcho) call.isDoubtful = true;
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
  const taken = new Set<OpenCall>(calls.filter(({ name, json }) => name === '' && isBlank(json)));
  for (const [position, call] of calls.entries()) {
    if (call.name !== '' || taken.has(call)) continue;
    const before = calls.slice(0, position).findLast((other) => other.name !== '' && !isComplete(other));
    const after = calls.slice(position).find(({ name, json }) => name !== '' && isBlank(json));
    const owner = before ?? after;
    if (owner === undefined) continue;
    owner.json += call.json;
    owner.progress.add(call.json);
    delete owner.isDoubtful;
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

/** Whether all of a call's arguments are there, as far as their brackets tell. */
function isComplete(call: OpenCall): boolean {
  return call.progress.extent === 'whole';
}

/** What some servers write before the arguments, or after them, in place of none. */
function isStandIn(json: string): boolean {
  return json.length < 20 && /^\s*(\{\s*\}|null)\s*$/.test(json);
}

function isBlank(json: string): boolean {
  return json.length < 20 && json.trim() === '';
}

function isSameJson(call: OpenCall, piece: string): boolean {
  if (!isComplete(call)) return false;
  const value = objectIn(piece);
  return value !== undefined && isDeepStrictEqual(value, objectIn(call.json));
}

function objectIn(json: string): JsonObject | undefined {
  if (!/^\s*\{/.test(json) || !/\}\s*$/.test(json.slice(-20))) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
