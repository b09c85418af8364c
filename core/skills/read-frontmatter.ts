import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { Json } from '../json.ts';
import { skillError } from './skill-error.ts';
import { SKILL_LIMITS } from './skill-limits.ts';
import type { SplitDocument } from './split-frontmatter.ts';

/** One entry of a frontmatter. */
export interface FrontmatterEntry {
  key: string;
  value: Json;
  /** The line of the file that it starts at. */
  line: number;
}

/** Reads the YAML of a frontmatter. Errors name the line of the file. */
export function readFrontmatter({ yaml, firstLine }: SplitDocument): FrontmatterEntry[] {
  const counter = new LineCounter();
  const lineAt = (offset: number): number => firstLine - 1 + Math.max(1, counter.linePos(offset).line);
  const document = guarded(
    () => parseDocument(yaml, { lineCounter: counter, prettyErrors: false, logLevel: 'error' }),
    firstLine,
  );
  const [error] = document.errors;
  if (error) throw skillError(`${error.message}${hintFor(error.code)}`, lineAt(error.pos[0]));
  if (!isMap(document.contents)) {
    throw skillError('the frontmatter must be a list of "key: value" lines.', firstLine);
  }
  const values = toValues(document, firstLine);
  return document.contents.items.map(({ key }) => {
    if (!isScalar(key) || typeof key.value !== 'string') {
      throw skillError('keys of the frontmatter must be plain words.', firstLine);
    }
    const line = lineAt(key.range?.[0] ?? 0);
    return { key: key.value, line, value: toJson(values.get(key.value), line, 0) };
  });
}

function toValues(document: Document, firstLine: number): Map<unknown, unknown> {
  const values: unknown = guarded(
    () => document.toJS({ mapAsMap: true, maxAliasCount: SKILL_LIMITS.aliases }),
    firstLine,
  );
  if (!(values instanceof Map)) throw skillError('the frontmatter must be a list of keys.', firstLine);
  return values;
}

/** YAML that is nested too deep overflows the reader's stack; aliases that expand too far are its `ReferenceError`. */
function guarded<T>(read: () => T, line: number): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw skillError('the frontmatter is nested too deep.', line);
    if (error instanceof ReferenceError) {
      throw skillError(`the frontmatter refers to anchors more than ${SKILL_LIMITS.aliases} times.`, line);
    }
    throw error;
  }
}

/** Plain data, whatever YAML can hold. */
function toJson(value: unknown, line: number, depth: number): Json {
  if (depth > SKILL_LIMITS.depth) {
    throw skillError(`this value is nested deeper than ${SKILL_LIMITS.depth} levels.`, line);
  }
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw skillError('numbers must be finite.', line);
    return Object.is(value, -0) ? 0 : value;
  }
  if (Array.isArray(value)) return value.map((item) => toJson(item, line, depth + 1));
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]): [string, Json] => {
      if (typeof key === 'object' && key !== null) throw skillError('keys must be plain words.', line);
      return [String(key), toJson(item, line, depth + 1)];
    });
    // It defines keys, so that `__proto__` is a key like any other.
    return Object.fromEntries<Json>(entries);
  }
  throw skillError('this value is of no kind that JSON has; put it into quotes.', line);
}

function hintFor(code: string): string {
  const colon = [
    'BLOCK_AS_IMPLICIT_KEY',
    'MULTILINE_IMPLICIT_KEY',
    'UNEXPECTED_TOKEN',
    'BAD_INDENT',
  ].includes(code);
  return colon ? ' (a text that holds ": " or " #" must be in quotes)' : '';
}
