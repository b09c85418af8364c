import type { WireEvent } from './wire-event.ts';
import { newEvent } from './wire-event.ts';
import { refuseBusy } from './archive.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { IdSource, JournalView } from './view.ts';
import type { JournalWrites } from './writes.ts';

/** The parts of `session.updated` that changed. */
export type SessionChanges = Omit<Extract<WireEvent, { type: 'session.updated' }>, 'id' | 'type'>;

/**
 * Journals `session.updated` and changes the resource (`session`) with it. Title and metadata may change at any time; the agent only while the session is not busy.
 *
 * @throws `invalid_request` for an agent change of a busy session.
 */
export function updateSession(
  view: JournalView,
  changes: SessionChanges,
  session: NonNullable<JournalWrites['session']>,
  ids: IdSource,
): JournalWrites {
  if (changes.agent !== undefined) refuseBusy(view, 'given another agent configuration');
  const writer = createJournalWriter(view, ids);
  writer.append(newEvent({ id: ids.event(), type: 'session.updated', ...changes }));
  return { ...writer.finish(null), session };
}
