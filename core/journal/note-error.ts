import type { SessionError } from './session-error.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { IdSource, JournalView } from './view.ts';
import { newEvent } from './wire-event.ts';
import type { JournalWrites } from './writes.ts';

/** Tells clients of something that is wrong with the session beside its turns; the turn, if one is under way, goes on. */
export function noteError(view: JournalView, error: SessionError, ids: IdSource): JournalWrites {
  const writer = createJournalWriter(view, ids);
  writer.append(newEvent({ id: ids.event(), type: 'session.error', error }));
  return writer.finish(null);
}
