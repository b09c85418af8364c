import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { SessionListQuery } from '../../core/schema/session.ts';
import type { SessionQuery, SessionRecord, SessionSlice } from '../../providers/store/sessions.ts';
import { checkRange, decodeCursor, encodeCursor } from '../cursor.ts';

const LIST = 'sessions';

const Place = z.object({
  at: z.number(),
  id: z.string().max(100),
  order: z.enum(['asc', 'desc']),
  side: z.enum(['after', 'before']),
});

/** What to read for a request. @throws `invalid_request` for a cursor of another list, order or range. */
export function toSessionQuery(query: SessionListQuery): SessionQuery {
  const created = {
    gt: query['created_at[gt]'],
    gte: query['created_at[gte]'],
    lt: query['created_at[lt]'],
    lte: query['created_at[lte]'],
  };
  const { agent_id: agentId, agent_version: version } = query;
  return {
    limit: query.limit,
    order: query.order,
    from: query.page === undefined ? null : startOf(query.page, query.order, created),
    created,
    archived: query.include_archived ? 'with' : 'without',
    statuses: query.statuses ?? null,
    agent: agentId === undefined ? null : { id: agentId, version: version ?? null },
  };
}

/** The cursors on either side of a page. */
export function pageCursors(
  slice: SessionSlice,
  order: 'asc' | 'desc',
): { next_page: string | null; prev_page: string | null } {
  const cursor = (record: SessionRecord | undefined, side: 'after' | 'before') =>
    record === undefined ? null : encodeCursor(LIST, { at: record.createdAt, id: record.id, order, side });
  return {
    next_page: slice.hasAfter ? cursor(slice.items.at(-1), 'after') : null,
    prev_page: slice.hasBefore ? cursor(slice.items[0], 'before') : null,
  };
}

function startOf(
  cursor: string,
  order: 'asc' | 'desc',
  created: SessionQuery['created'],
): NonNullable<SessionQuery['from']> {
  const place = decodeCursor(LIST, Place, cursor);
  if (place.order !== order) {
    throw new AppError(
      'invalid_request',
      `page: the cursor is of a list in order ${place.order}; keep the order.`,
    );
  }
  checkRange(place.at, created);
  return { position: { at: place.at, id: place.id }, side: place.side };
}
