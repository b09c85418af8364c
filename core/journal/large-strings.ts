import type { Json, JsonObject } from '../json.ts';
import { pinnedBlobs, pinsOf } from './media-pins.ts';

/**
 * Large strings of an event's body lie in blobs. In their place the stored body has empty strings, and a list of references under a key
 * at its top, where only the service writes: what a model or a client sends sits deeper and cannot forge one.
 */
const REFERENCES = '$blobs';

/** Longer strings, in UTF-16 units, leave the body. */
export const LARGE_STRING = 262_144;

type Path = (string | number)[];

export interface LargeString {
  path: Path;
  text: string;
}

/** Where a string of the body lies. */
export interface BlobReference {
  path: Path;
  sha256: string;
  /** Of the blob. */
  bytes: number;
  /** What the blob's bytes are written as to give the string; absent: it holds the string in UTF-8. */
  encoding?: 'base64';
}

/** The strings of a body that are longer than `limit`, in document order. */
export function largeStringsOf(body: JsonObject, limit: number = LARGE_STRING): LargeString[] {
  const found: LargeString[] = [];
  const walk = (value: Json, path: Path): void => {
    if (typeof value === 'string') {
      if (value.length > limit) found.push({ path, text: value });
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => walk(item, [...path, index]));
    } else if (value !== null && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
    }
  };
  walk(body, []);
  return found;
}

/** The body with references in place of the strings they name. */
export function withReferences(body: JsonObject, references: readonly BlobReference[]): JsonObject {
  if (references.length === 0) return body;
  const emptied = references.reduce((result, { path }) => withStringAt(result, path, ''), body);
  const listed = references.map(({ path, sha256, bytes, encoding }) => ({
    path,
    sha256,
    bytes,
    ...(encoding === undefined ? {} : { encoding }),
  }));
  return { ...emptied, [REFERENCES]: listed };
}

/** The references that a stored body holds. */
export function referencesOf(body: JsonObject): BlobReference[] {
  const listed = body[REFERENCES];
  return Array.isArray(listed) ? (listed as object[] as BlobReference[]) : [];
}

/** The names of the blobs that a stored body refers to; null when there are none. */
export function blobsOf(body: JsonObject): string[] | null {
  const names = [...referencesOf(body).map(({ sha256 }) => sha256), ...pinnedBlobs(body)];
  return names.length === 0 ? null : [...new Set(names)];
}

/**
 * The body for a reader who needs no data of blocks that are pinned (`media-pins.ts`): their large strings stay away, so that reading
 * a log does not load what nobody looks at.
 */
export function withoutPinnedData(body: JsonObject): JsonObject {
  const pinned = new Set(pinsOf(body).map(({ at }) => at));
  if (pinned.size === 0) return body;
  const needed = referencesOf(body).filter(
    ({ path: [key, at] }) => key !== 'content' || typeof at !== 'number' || !pinned.has(at),
  );
  const { [REFERENCES]: _references, ...rest } = body;
  return withReferences(rest, needed);
}

/** The body as it was before its strings left it. `texts` are those of {@link referencesOf}, in its order. */
export function restoreLargeStrings(body: JsonObject, texts: readonly string[]): JsonObject {
  const { [REFERENCES]: _references, ...rest } = body;
  return referencesOf(body).reduce<JsonObject>(
    (result, { path }, index) => withStringAt(result, path, texts[index] ?? ''),
    rest,
  );
}

function withStringAt(body: JsonObject, path: Path, text: string): JsonObject {
  return replaced(body, path, text) as JsonObject;
}

function replaced(value: Json, path: Path, text: string): Json {
  const [key, ...rest] = path;
  if (key === undefined) return text;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? replaced(item, rest, text) : item));
  }
  if (value === null || typeof value !== 'object') return value;
  return { ...value, [key]: replaced(value[key] ?? null, rest, text) };
}
