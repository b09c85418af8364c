import type { AcceptEvent } from '../../core/journal/accept.ts';
import { newEvent, type WireEvent } from '../../core/journal/wire-event.ts';
import type { JsonObject } from '../../core/json.ts';
import { notBuilt } from '../../core/agent/refuse-unbuilt.ts';
import type { ContentBlock } from '../../core/session/content.ts';
import { mayHoldCommand, skillNote, type SkillNote } from '../../core/skills/skill-note.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import { AppError } from '../../core/errors.ts';
import type { ClientEvent } from '../../core/schema/client-event.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import { storeLargeStrings } from '../../providers/blob/large-bodies.ts';
import { withPins } from '../../core/journal/media-pins.ts';
import { pinMedia, type MediaDeps } from '../media/pin-media.ts';
import type { MediaAudience } from '../media/pin-block.ts';
import type { NewId } from '../new-id.ts';

/** A client's event with its id: as it goes into the journal, and its whole body as it is shown. */
export interface PreparedEvent {
  event: AcceptEvent;
  shown: JsonObject;
  /** The thread that an interrupt is for; null: all. */
  threadId: string | null;
}

interface Deps {
  media: MediaDeps;
  blobs: Pick<BlobStore, 'put'>;
  newId: NewId;
  /** The skills of the session that the events are for. */
  pins: () => Promise<readonly SkillPin[]>;
}

/**
 * Gets a batch ready for the accept transaction: checks what can be checked outside it, gives ids, makes of images and
 * documents what the session's model takes, moves large strings to blobs.
 *
 * @param audience - for whom images and documents are made ready; asked only where there are some.
 * @param where - the path of the batch in messages.
 * @throws `invalid_request`, `not_found` for a file, `not_implemented`, `unavailable`.
 */
export async function prepareEvents(
  deps: Deps,
  workspaceId: string,
  audience: () => Promise<MediaAudience>,
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
  const pins = await pinMedia(deps.media, workspaceId, audience, events, where);
  return Promise.all(
    events.map(async (event, index) => {
      const id = deps.newId('event');
      const prepared = newEvent({ ...without(event, id), ...(await noteOf(deps, event)) });
      return {
        event: {
          ...prepared,
          body: withPins(
            await storeLargeStrings(deps.blobs, workspaceId, prepared.body),
            pins.get(index) ?? [],
          ),
          ...referenceOf(event),
        },
        shown: prepared.body,
        threadId: event.type === 'user.interrupt' ? (event.session_thread_id ?? null) : null,
      };
    }),
  );
}

/** What clients are told of a command in a message. */
async function noteOf({ pins }: Deps, event: ClientEvent): Promise<{ skill?: SkillNote }> {
  if (event.type !== 'user.message' || !mayHoldCommand(event.content as ContentBlock[])) return {};
  const skill = skillNote(event.content as ContentBlock[], await pins());
  return skill === null ? {} : { skill };
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
