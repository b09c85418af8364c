import {
  largeStringsOf,
  restoreLargeStrings,
  referencesOf,
  withReferences,
} from '../../core/journal/large-strings.ts';
import type { JsonObject } from '../../core/json.ts';
import type { BlobStore } from './blob-store.ts';

/** Moves a body's large strings into blobs. Rejects as {@link BlobStore.put} does; run it before the body is journaled. */
export async function storeLargeStrings(
  blobs: Pick<BlobStore, 'put'>,
  workspaceId: string,
  body: JsonObject,
): Promise<JsonObject> {
  const references = await Promise.all(
    largeStringsOf(body).map(async ({ path, text }) => ({
      path,
      ...(await blobs.put(workspaceId, Buffer.from(text, 'utf8'))),
    })),
  );
  return withReferences(body, references);
}

/** The body with its large strings back in place. Reads nothing where there are none. Rejects with `not_found` for a lost blob. */
export async function loadLargeStrings(
  blobs: Pick<BlobStore, 'get'>,
  workspaceId: string,
  body: JsonObject,
): Promise<JsonObject> {
  const references = referencesOf(body);
  if (references.length === 0) return body;
  const texts = await Promise.all(
    references.map(async ({ sha256 }) => Buffer.from(await blobs.get(workspaceId, sha256)).toString('utf8')),
  );
  return restoreLargeStrings(body, texts);
}
