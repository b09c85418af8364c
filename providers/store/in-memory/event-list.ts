import type { EventList, EventPage, EventPosition, EventQuery, TimeRange } from '../event-list.ts';
import { nextPosition } from '../event-position.ts';
import type { JournalEvent } from '../journal.ts';
import type { InMemoryJournal } from './journal.ts';

/** Lists the events of a journal in memory. */
export function createInMemoryEventList(journal: InMemoryJournal): EventList {
  const eventsOf = (sessionId: string) => journal.sessions.get(sessionId)?.events ?? [];

  return {
    async page(query) {
      const lastSeq = journal.sessions.get(query.sessionId)?.head.lastSeq ?? 0;
      const events = eventsOf(query.sessionId).filter(
        (event) =>
          event.threadId === query.threadId &&
          (query.types === null || query.types.includes(event.type)) &&
          isListed(event) &&
          inRange(event.processedAt, query.processed),
      );
      const inOrder = events.sort((left, right) => placeOf(left) - placeOf(right));
      if (query.order === 'desc') inOrder.reverse();
      const { from } = query;
      return toPage(query, from ? inOrder.filter((event) => follows(event, from)) : inOrder, lastSeq);
    },
    async contains(sessionId, range, position) {
      const event = eventsOf(sessionId).find(({ seq }) => seq !== null && seq === position.seq);
      return !event || inRange(event.processedAt, range);
    },
    async hasThread(sessionId, threadId) {
      return journal.sessions.get(sessionId)?.thread.id === threadId;
    },
    async newestOfType(sessionId, type, limit) {
      const found = eventsOf(sessionId).flatMap((event) =>
        event.type === type && event.seq !== null && event.processedAt !== null
          ? [{ seq: event.seq, processedAt: event.processedAt }]
          : [],
      );
      return found.sort((left, right) => right.seq - left.seq).slice(0, limit);
    },
    async deletedAt(sessionIds) {
      return new Map(
        sessionIds.flatMap((id) => {
          const session = journal.sessions.get(id);
          return session?.deleted ? [[id, session.processedAt] as const] : [];
        }),
      );
    },
  };
}

function isListed(event: JournalEvent): boolean {
  return event.seq !== null || (event.processedAt === null && !event.type.startsWith('internal.'));
}

/** Journaled events come first, by `seq`; the queue behind them, by arrival. */
function placeOf(event: JournalEvent): number {
  return event.seq ?? Number.MAX_SAFE_INTEGER / 2 + (event.arrival ?? 0);
}

function inRange(time: number | null, range: TimeRange | null): boolean {
  if (range === null) return true;
  if (time === null) return false;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range;
  return time > gt && time >= gte && time < lt && time <= lte;
}

function follows(event: JournalEvent, from: EventPosition): boolean {
  const arrival = event.arrival ?? 0;
  if (from.order === 'asc') {
    if (event.seq === null) return arrival > from.arrival;
    return event.seq > from.seq && (event.arrival === null || arrival > from.arrival);
  }
  if (event.seq === null) return from.seq === null && arrival < from.arrival;
  if (from.seq !== null && event.seq >= from.seq) return false;
  return event.seq <= from.snapshot || (event.arrival !== null && arrival < from.arrival);
}

function toPage(query: EventQuery, events: readonly JournalEvent[], lastSeq: number): EventPage {
  let position = query.from;
  const items = events.slice(0, query.limit).map((listed) => {
    position = nextPosition(query.order, position, listed, lastSeq);
    const { id, seq, arrival, threadId, type, body, processedAt } = listed;
    return { event: { id, seq, arrival, threadId, type, body, processedAt }, position };
  });
  return { items, more: events.length > items.length };
}
