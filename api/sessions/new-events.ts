import type { AcceptEvent } from '../../core/journal/accept.ts';
import { newEvent, type WireEvent } from '../../core/journal/wire-event.ts';
import type { JsonObject } from '../../core/json.ts';
import { notBuilt } from '../../core/agent/refuse-unbuilt.ts';
import { AppError } from '../../core/errors.ts';
import type { ClientEvent } from '../../core/schema/client-event.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import { storeLargeStrings } from '../../providers/blob/large-bodies.ts';
import type { FileStore } from '../../providers/store/files.ts';
import type { NewId } from '../new-id.ts';

/** A client's event with its id: as it goes into the journal, and its whole body as it is shown. */
export interface PreparedEvent {
  event: AcceptEvent;
  shown: JsonObject;
  /** The thread that an interrupt is for; null: all. */
  threadId: string | null;
}

interface Deps {
  files: Pick<FileStore, 'some'>;
  blobs: Pick<BlobStore, 'put'>;
  newId: NewId;
}

/**
 * Gets a batch ready for the accept transaction: checks what can be checked outside it, gives ids, moves large strings to blobs.
 *
 * @param where - the path of the batch in messages.
 * @throws `invalid_request`, `not_found` for a file, `not_implemented`.
 */
export async function prepareEvents(
  deps: Deps,
  workspaceId: string,
  events: readonly ClientEvent[],
  where: string,
): Promise<PreparedEvent[]> {
  for (const [index, event] of events.entries()) {
    if (event.type === 'user.tool_result') {
      throw new AppError(
        'invalid_request',
        `${where}.${index}.type: user.tool_result is only valid on self-hosted environments; here the service runs the tools`,
      );
    }
    if (event.type === 'user.define_outcome') notBuilt(`${where}.${index}.type`, 'outcomes');
  }
  await checkFiles(deps.files, workspaceId, events, where);
  return Promise.all(
    events.map(async (event) => {
      const id = deps.newId('event');
      const prepared = newEvent(without(event, id));
      return {
        event: {
          ...prepared,
          body: await storeLargeStrings(deps.blobs, workspaceId, prepared.body),
          ...referenceOf(event),
        },
        shown: prepared.body,
        threadId: event.type === 'user.interrupt' ? (event.session_thread_id ?? null) : null,
      };
    }),
  );
}

/** The wire event of a client's: the same fields, less those that are undefined, with its id. */
function without(event: ClientEvent, id: string): WireEvent {
  const fields = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
  return { id, ...fields } as WireEvent;
}

function referenceOf(event: ClientEvent): Pick<AcceptEvent, 'ref' | 'confirmation'> {
  switch (event.type) {
    case 'user.tool_confirmation':
      return {
        ref: event.tool_use_id,
        confirmation: { answer: event.result, denyMessage: event.deny_message ?? null },
      };
    case 'user.custom_tool_result':
      return { ref: event.custom_tool_use_id };
    case 'user.message':
    case 'user.interrupt':
    case 'user.tool_result':
    case 'user.define_outcome':
    case 'system.message':
      return {};
  }
}

/** Every file that a block names must be there. */
async function checkFiles(
  files: Pick<FileStore, 'some'>,
  workspaceId: string,
  events: readonly ClientEvent[],
  where: string,
): Promise<void> {
  const named = events.flatMap((event, index) =>
    ('content' in event ? (event.content ?? []) : []).flatMap((block, place) =>
      'source' in block && typeof block.source === 'object' && block.source.type === 'file'
        ? [{ id: block.source.file_id, path: `${where}.${index}.content.${place}.source.file_id` }]
        : [],
    ),
  );
  if (named.length === 0) return;
  const found = await files.some(workspaceId, [...new Set(named.map(({ id }) => id))]);
  const live = new Set(
    found.filter(({ expiresAt }) => expiresAt === null || expiresAt > Date.now()).map(({ id }) => id),
  );
  const missing = named.find(({ id }) => !live.has(id));
  if (missing) throw new AppError('not_found', `${missing.path}: file ${missing.id} was not found.`);
}
