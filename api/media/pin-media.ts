import { AppError } from '../../core/errors.ts';
import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type { MediaPin } from '../../core/journal/media-pins.ts';
import type { ClientEvent } from '../../core/schema/client-event.ts';
import { MAX_RESOURCES } from '../../core/schema/session-resource.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import type { WebFetcher, WebRequest } from '../../providers/web/web-fetcher.ts';
import { isMedia, readMedia, type MediaBlock } from './media-source.ts';
import { pinBlock, type MediaAudience, type PinDeps } from './pin-block.ts';

export interface MediaDeps extends PinDeps {
  files: Pick<FileStore, 'some' | 'room' | 'loosen'>;
  /** Of all files of a workspace; who holds twice as much, with what was given up, sends no images and documents either. */
  quotaBytes: number;
  blobs: Pick<BlobStore, 'put' | 'get'>;
  fetcher: WebFetcher;
  /** Told of each address that was to be fetched: whether it was allowed, and why not. */
  decided: WebRequest['decided'];
  /** Unix milliseconds. */
  now: () => number;
}

interface Place {
  event: number;
  at: number;
  block: MediaBlock;
  /** Its path in messages. */
  where: string;
}

/** How many blocks of one request are worked on at once. */
const AT_ONCE = 4;
/** How long all of a request's media may take together. */
const PATIENCE_MS = 90_000;

/**
 * Gets the images and documents of a batch, checks them, and turns them into what the session's model takes. Returns the pins of each
 * event that has some. Nothing is accepted before: what cannot be used is refused here, by its place.
 *
 * @param audience - asked only where the batch holds media.
 * @param where - the path of the batch in messages.
 * @throws `invalid_request`, `not_found` for a file, `unavailable`.
 */
export async function pinMedia(
  deps: MediaDeps,
  workspaceId: string,
  audience: () => Promise<MediaAudience>,
  events: readonly ClientEvent[],
  where: string,
): Promise<ReadonlyMap<number, MediaPin[]>> {
  const places = placesOf(events, where);
  const pins = new Map<number, MediaPin[]>();
  if (places.length === 0) return pins;
  if ((await deps.files.room(workspaceId, deps.quotaBytes)).held <= 0) throw quotaExceeded(deps.quotaBytes);
  const files = await findFiles(deps, workspaceId, places);
  const asked = await audience();
  checkCounts(places, asked);
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const rest = places.values();
  const worker = async (): Promise<void> => {
    for (const { event, at, block, where: path } of rest) {
      const source = `${path}.source`;
      const given = await readMedia(deps, workspaceId, block, files, source, signal);
      const pin = await pinBlock(deps, asked, block, given, source, signal);
      pins.set(event, [...(pins.get(event) ?? []), { at, ...pin }]);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } catch (error) {
    failed.abort();
    if (!signal.aborted || error instanceof AppError) throw error;
    throw new AppError(
      'invalid_request',
      `${where}: its images and documents take longer than ${PATIENCE_MS / 1_000} s to get ready; send fewer at once`,
    );
  }
  checkRoom([...pins.values()].flat(), asked, where);
  for (const list of pins.values()) list.sort((left, right) => left.at - right.at);
  return pins;
}

function placesOf(events: readonly ClientEvent[], where: string): Place[] {
  return events.flatMap((event, index) =>
    ('content' in event ? (event.content ?? []) : []).flatMap((block, at) =>
      isMedia(block) ? [{ event: index, at, block, where: `${where}.${index}.content.${at}` }] : [],
    ),
  );
}

async function findFiles(
  deps: MediaDeps,
  workspaceId: string,
  places: readonly Place[],
): Promise<ReadonlyMap<string, StoredFile>> {
  const named = places.flatMap(({ block: { source }, where }) =>
    source.type === 'file' ? [{ id: source.file_id, path: `${where}.source.file_id` }] : [],
  );
  if (named.length === 0) return new Map();
  const found = await deps.files.some(workspaceId, [...new Set(named.map(({ id }) => id))]);
  const now = deps.now();
  const live = found.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  const files = new Map(live.map((file) => [file.id, file]));
  const missing = named.find(({ id }) => !files.has(id));
  if (missing) throw new AppError('not_found', `${missing.path}: file ${missing.id} was not found.`);
  return files;
}

function checkCounts(places: readonly Place[], { model, imageLimits }: MediaAudience): void {
  const addresses = places.filter(({ block }) => block.source.type === 'url');
  const tooMany = addresses[MEDIA_LIMITS.addresses];
  if (tooMany) {
    throw new AppError(
      'invalid_request',
      `${tooMany.where}.source: a request may name at most ${MEDIA_LIMITS.addresses} addresses; upload the files instead`,
    );
  }
  if (imageLimits === null) return;
  const perEvent = new Map<number, number>();
  for (const { event, block, where } of places) {
    if (block.type !== 'image') continue;
    const count = (perEvent.get(event) ?? 0) + 1;
    perEvent.set(event, count);
    if (count <= imageLimits.maxCount) continue;
    throw new AppError(
      'invalid_request',
      `${where}: the model ${model} takes at most ${imageLimits.maxCount} images`,
    );
  }
}

function checkRoom(pins: readonly MediaPin[], { resources }: MediaAudience, where: string): void {
  const held = resources.map(({ mountPath }) => mountPath);
  const paths = new Set([...held, ...pins.flatMap(({ file }) => (file === null ? [] : [file.path]))]);
  if (paths.size <= Math.max(MAX_RESOURCES, held.length)) return;
  throw new AppError(
    'invalid_request',
    `${where}: the session would hold ${paths.size} resources; at most ${MAX_RESOURCES} are allowed. Remove some of its resources first.`,
  );
}
