import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { CreatedRange, Position, Slice } from '../providers/store/position.ts';

const Place = z.object({ at: z.number(), id: z.string().max(100) });

/** A cursor: the list it belongs to and a place in it. Clients treat it as opaque. */
export function encodeCursor(list: string, place: object): string {
  return Buffer.from(JSON.stringify({ ...place, list })).toString('base64url');
}

/** The place that a cursor names. Throws `invalid_request` for one that is damaged or belongs to another list. */
export function decodeCursor<Schema extends z.ZodType>(
  list: string,
  schema: Schema,
  cursor: string,
): z.output<Schema> {
  const parsed = schema.safeParse(fieldsOf(list, cursor));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'invalid_request',
    'page: is not a cursor of this list; take it from next_page as it is.',
  );
}

/** Where a page of a list that is ordered by creation starts: after the place of its cursor. */
export function pageStart(
  list: string,
  cursor: string | undefined,
  created: CreatedRange = {},
): Position | null {
  if (cursor === undefined) return null;
  const place = decodeCursor(list, Place, cursor);
  checkRange(place.at, created);
  return place;
}

/** Refuses a place outside the range of a query: its cursor is of a query with another range. */
export function checkRange(at: number, { gt, gte, lt, lte }: CreatedRange): void {
  const inside =
    (gt === undefined || at > gt) &&
    (gte === undefined || at >= gte) &&
    (lt === undefined || at < lt) &&
    (lte === undefined || at <= lte);
  if (!inside) {
    throw new AppError(
      'invalid_request',
      'page: the cursor lies outside the created_at filters; keep the filters of the first page.',
    );
  }
}

/** A page as the API shows it. */
export function toPage<Item, Shown>(
  list: string,
  slice: Slice<Item>,
  show: (item: Item) => Shown,
): { data: Shown[]; next_page: string | null } {
  return {
    data: slice.items.map(show),
    next_page: slice.next === null ? null : encodeCursor(list, slice.next),
  };
}

function fieldsOf(list: string, cursor: string): unknown {
  try {
    const value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
    const isOfList = typeof value === 'object' && value !== null && 'list' in value && value.list === list;
    return isOfList ? value : null;
  } catch {
    return null;
  }
}
