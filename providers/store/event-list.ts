import type { JournalEvent } from './journal.ts';

/** Unix milliseconds, fractions allowed. */
export interface TimeRange {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

/**
 * What was listed so far, so that the rest can be listed whatever took effect meanwhile.
 *
 * - `asc`: everything with a `seq` up to `seq`, and what was queued with an arrival up to `arrival`.
 * - `desc`: everything from `seq` on (null: nothing with a `seq` yet), and what was queued with an arrival from `arrival` on. Of what
 *   got its `seq` after `snapshot` only that belongs to the list which was queued before and not yet listed.
 */
export type EventPosition =
  | { order: 'asc'; seq: number; arrival: number }
  | { order: 'desc'; seq: number | null; arrival: number; snapshot: number };

export interface EventQuery {
  sessionId: string;
  threadId: string;
  order: 'asc' | 'desc';
  /** null: every type. */
  types: readonly string[] | null;
  /** Compared with `processed_at`; a queued event has none and is in no range. null: no limits. */
  processed: TimeRange | null;
  limit: number;
  /** Where the page before ended; its order is that of the query. null: the first page. */
  from: EventPosition | null;
}

export interface EventPage {
  /** With each event, what was listed up to it. May be fewer than `limit` where bodies are large. */
  items: { event: Omit<JournalEvent, 'detail' | 'stepKey'>; position: EventPosition }[];
  /** Whether more follows behind the last item. */
  more: boolean;
}

/**
 * A session's events as clients list them: journaled ones by `seq`, behind them the queued ones by arrival; `desc` is the same list
 * backwards. Internal rows are in no list. Every event that existed at the first page is listed once, also when it takes effect between
 * two pages. Rejects with `unavailable`; nothing here retries.
 */
export interface EventList {
  page(query: EventQuery): Promise<EventPage>;
  /** Whether `position` lies within the range: a cursor that does not is of another query. */
  contains(sessionId: string, range: TimeRange, position: EventPosition): Promise<boolean>;
  hasThread(sessionId: string, threadId: string): Promise<boolean>;
  /** The newest events of one type, newest first, at most `limit`. */
  newestOfType(
    sessionId: string,
    type: string,
    limit: number,
  ): Promise<{ seq: number; processedAt: number }[]>;
  /** When these sessions were deleted, Unix milliseconds; those that were not are absent. */
  deletedAt(sessionIds: readonly string[]): Promise<Map<string, number>>;
}
