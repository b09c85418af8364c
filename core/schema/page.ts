import { z } from 'zod';
import { queryInteger } from './query.ts';

/** An opaque place in a list. */
export const Cursor = z.string().max(2_048);

/** The parameters that every list takes. */
export function pageQuery(defaultLimit: number, maximumLimit: number) {
  return {
    limit: queryInteger(1, maximumLimit).default(defaultLimit),
    page: Cursor.optional(),
  };
}

/** A page of a list that goes one way. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_page: z.string().nullable() });
}

/** A page of a list that goes both ways. */
export function twoWayPageOf<Item extends z.ZodType>(item: Item) {
  return pageOf(item).extend({ prev_page: z.string().nullable() });
}
