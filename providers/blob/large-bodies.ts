import {
  largeStringsOf,
  restoreLargeStrings,
  referencesOf,
  withReferences,
  type BlobReference,
} from '../../core/journal/large-strings.ts';
import type { JsonObject } from '../../core/json.ts';
import type { BlobStore } from './blob-store.ts';

/**
 * Moves a body's large strings into blobs. Data in base64 lies there as the bytes that it stands for: smaller, and the same blob as an
 * uploaded file or a prepared image of the same content. Rejects as {@link BlobStore.put} does; run it before the body is
 * journaled.
 */
export async function storeLargeStrings(
  blobs: Pick<BlobStore, 'put'>,
  workspaceId: string,
  body: JsonObject,
): Promise<JsonObject> {
  const references = await Promise.all(
    largeStringsOf(body).map(async ({ path, text }): Promise<BlobReference> => {
      const data = bytesOfBase64(text);
      return data === null
        ? { path, ...(await blobs.put(workspaceId, Buffer.from(text, 'utf8'))) }
        : { path, ...(await blobs.put(workspaceId, data)), encoding: 'base64' };
    }),
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
    references.map(async ({ sha256, encoding }) =>
      Buffer.from(await blobs.get(workspaceId, sha256)).toString(encoding ?? 'utf8'),
    ),
  );
  return restoreLargeStrings(body, texts);
}

/** The bytes of a string that is what base64 makes of them, to the letter; else null. */
function bytesOfBase64(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]{64}/.test(text)) return null;
  const data = Buffer.from(text, 'base64');
  return data.toString('base64') === text ? data : null;
}
