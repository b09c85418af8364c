import type { EventPosition } from './event-list.ts';

/**
 * The position behind one more listed event.
 *
 * @param before - the position in front of it; null at the beginning of the list.
 * @param lastSeq - the session's last `seq` at the moment of the page.
 */
export function nextPosition(
  order: 'asc' | 'desc',
  before: EventPosition | null,
  event: { seq: number | null; arrival: number | null },
  lastSeq: number,
): EventPosition {
  if (order === 'asc') {
    const arrival = before?.order === 'asc' ? before.arrival : 0;
    if (event.seq !== null) return { order, seq: event.seq, arrival };
    // Queued events come last, so whatever had a `seq` at that moment was listed.
    return { order, seq: lastSeq, arrival: Math.max(arrival, event.arrival ?? 0) };
  }
  const earlier = before?.order === 'desc' ? before : null;
  const snapshot = earlier?.snapshot ?? lastSeq;
  if (event.seq !== null) return { order, seq: event.seq, arrival: earlier?.arrival ?? 0, snapshot };
  return { order, seq: null, arrival: event.arrival ?? 0, snapshot };
}
