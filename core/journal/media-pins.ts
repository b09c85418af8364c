import type { JsonObject } from '../json.ts';

/**
 * What the service made of the images and documents of an event when it accepted it. It stands under a key at the top of the stored
 * body, where only the service writes; clients see what they sent. So a log alone decides what a model is shown: not what an address
 * serves today, nor whether an uploaded file still exists.
 */
const MEDIA = '$media';

/** Bytes in the blob store, under the session's workspace. */
export interface StoredBytes {
  sha256: string;
  bytes: number;
}

/** What the model is shown in the place of a block. */
export type ShownMedia =
  | ({ type: 'image'; media_type: string } & StoredBytes)
  /** `text`: what the document says, for models that take no PDF; null where it cannot be read. */
  | ({ type: 'pdf'; pages: number; text: StoredBytes | null } & StoredBytes)
  | ({ type: 'text' } & StoredBytes);

/** The file behind a block as it lies in the session's sandbox. The ids are those of the session's own copy. */
export interface PlacedFile extends StoredBytes {
  file_id: string;
  resource_id: string;
  name: string;
  media_type: string;
  path: string;
}

/** One block. At least one of `shown` and `file` is set. */
export interface MediaPin {
  /** Place of the block in the event's content. */
  at: number;
  /** The name of the file that it came from, where there is one. */
  name: string | null;
  shown: ShownMedia | null;
  file: PlacedFile | null;
}

export function withPins(body: JsonObject, pins: readonly MediaPin[]): JsonObject {
  return pins.length === 0 ? body : { ...body, [MEDIA]: pins as readonly object[] as JsonObject[] };
}

export function pinsOf(body: JsonObject): MediaPin[] {
  const listed = body[MEDIA];
  return Array.isArray(listed) ? (listed as object[] as MediaPin[]) : [];
}

/** The body as clients see it. */
export function withoutPins(body: JsonObject): JsonObject {
  if (!(MEDIA in body)) return body;
  const { [MEDIA]: _pins, ...rest } = body;
  return rest;
}

/** The names of the blobs that the pins refer to. */
export function pinnedBlobs(body: JsonObject): string[] {
  return pinsOf(body).flatMap(({ shown, file }) => [
    ...(shown === null ? [] : [shown.sha256]),
    ...(shown?.type === 'pdf' && shown.text !== null ? [shown.text.sha256] : []),
    ...(file === null ? [] : [file.sha256]),
  ]);
}
