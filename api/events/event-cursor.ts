import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { EventPosition } from '../../providers/store/event-list.ts';

const Whole = z.int().min(0);
const Position = z.discriminatedUnion('order', [
  z.strictObject({ order: z.literal('asc'), seq: Whole, arrival: Whole }),
  z.strictObject({ order: z.literal('desc'), seq: Whole.nullable(), arrival: Whole, snapshot: Whole }),
]);
const Cursor = z.strictObject({ thread: z.string(), at: Position });

/** A place in a thread's event list as the opaque text that clients send back. */
export function encodeEventCursor(threadId: string, position: EventPosition): string {
  return Buffer.from(JSON.stringify({ thread: threadId, at: position })).toString('base64url');
}

/** Reads a cursor. Throws `invalid_request` for one that we did not make, or that belongs to another list or order. */
export function decodeEventCursor(cursor: string, threadId: string, order: 'asc' | 'desc'): EventPosition {
  const parsed = Cursor.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success || parsed.data.thread !== threadId) {
    throw invalid('it is not a cursor of this list. Take next_page of the page before.');
  }
  const { at } = parsed.data;
  if (at.order !== order) {
    throw invalid(
      `it belongs to a list with order=${at.order}. Keep the order between pages, or start anew.`,
    );
  }
  return at;
}

function invalid(what: string): AppError {
  return new AppError('invalid_request', `page: ${what}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
