import { AppError } from '../../core/errors.ts';
import { referencesOf } from '../../core/journal/large-strings.ts';
import { toShownEvent } from '../../core/journal/shown-event.ts';
import type { JsonObject } from '../../core/json.ts';
import type { EventListQuery } from '../../core/schema/event-list.ts';
import type { EventList, EventPage, TimeRange } from '../../providers/store/event-list.ts';
import { decodeEventCursor, encodeEventCursor } from './event-cursor.ts';

/** Large strings of one page take at most about this much; the page then ends early. */
const PAGE_LARGE_BYTES = 32 * 1024 * 1024;

export interface ListEventsDeps {
  list: Pick<EventList, 'page' | 'contains'>;
  /** Puts a body's large strings back in place. */
  hydrate: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
}

/** One page of a thread's events, and the newest `seq` that it shows. */
export async function listEvents(
  deps: ListEventsDeps,
  thread: { workspaceId: string; sessionId: string; threadId: string },
  query: EventListQuery,
): Promise<{ data: object[]; next_page: string | null; newest: number }> {
  const { sessionId, threadId, workspaceId } = thread;
  const { order, limit, types = null } = query;
  const processed = toRange(query);
  const from = query.page === undefined ? null : decodeEventCursor(query.page, threadId, order);
  if (from && processed && !(await deps.list.contains(sessionId, processed, from))) {
    throw new AppError('invalid_request', 'page: the cursor lies outside of the created_at filters.');
  }
  const page = await deps.list.page({ sessionId, threadId, order, types, processed, limit, from });
  const items = untilLarge(page.items);
  const data = await Promise.all(
    items.map(async ({ event }) =>
      toShownEvent(await deps.hydrate(workspaceId, event.body), event.processedAt),
    ),
  );
  const last = items.at(-1);
  const more = page.more || items.length < page.items.length;
  return {
    data,
    next_page: more && last ? encodeEventCursor(threadId, last.position) : null,
    newest: Math.max(0, ...items.map(({ event }) => event.seq ?? 0)),
  };
}

function toRange(query: EventListQuery): TimeRange | null {
  const limits = (['gt', 'gte', 'lt', 'lte'] as const).flatMap((name) => {
    const time = query[`created_at[${name}]`];
    return time === undefined ? [] : [[name, time] as const];
  });
  return limits.length === 0 ? null : Object.fromEntries(limits);
}

function stringBytes({ bytes, encoding }: ReturnType<typeof referencesOf>[number]): number {
  return encoding === 'base64' ? Math.ceil(bytes / 3) * 4 : bytes;
}

/** The items whose large strings fit into one page; at least one. */
function untilLarge(items: EventPage['items']): EventPage['items'] {
  let bytes = 0;
  const end = items.findIndex(({ event }, index) => {
    bytes += referencesOf(event.body).reduce((sum, reference) => sum + stringBytes(reference), 0);
    return bytes > PAGE_LARGE_BYTES && index > 0;
  });
  return end === -1 ? items : items.slice(0, end);
}
