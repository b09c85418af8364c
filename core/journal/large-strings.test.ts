import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { largeStringsOf, referencesOf, restoreLargeStrings, withReferences } from './large-strings.ts';

function stored(body: JsonObject, limit: number): { body: JsonObject; blobs: Map<string, string> } {
  const blobs = new Map<string, string>();
  const references = largeStringsOf(body, limit).map(({ path, text }, index) => {
    blobs.set(`sha-${index}`, text);
    return { path, sha256: `sha-${index}`, bytes: text.length };
  });
  return { body: withReferences(body, references), blobs };
}

function loaded({ body, blobs }: ReturnType<typeof stored>): JsonObject {
  return restoreLargeStrings(
    body,
    referencesOf(body).map(({ sha256 }) => blobs.get(sha256) ?? ''),
  );
}

describe('large strings', () => {
  it('leave the body and come back as they were, whatever the body', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const body = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => !key.startsWith('$')),
      value,
    );
    fc.assert(
      fc.property(body, fc.nat(6), (given, limit) => {
        const original = JSON.parse(JSON.stringify(given)) as JsonObject;
        const kept = stored(original, limit);
        expect(largeStringsOf({ ...kept.body, $blobs: null }, limit)).toEqual([]);
        expect(loaded(kept)).toEqual(original);
      }),
    );
  });

  it('leave a body without any as it is', () => {
    const body = { type: 'user.message', content: [{ type: 'text', text: 'short' }] };
    expect(withReferences(body, [])).toBe(body);
    expect(referencesOf(body)).toEqual([]);
  });

  it('are not confused by what looks like a reference deeper down', () => {
    const body = { input: { $blobs: [{ path: ['input'], sha256: 'x', bytes: 1 }] } };
    expect(restoreLargeStrings(body, [])).toEqual(body);
  });
});
