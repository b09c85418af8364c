import type { NewEvent } from '../../journal/view.ts';
import { newEvent } from '../../journal/wire-event.ts';
import type { Json } from '../../json.ts';

/**
 * The event that a compaction leaves in the log. From it on, the transcript is `summary` and what was journaled from the event with the
 * `seq` `keptFrom` on; where that lies is of no use to clients.
 */
export function compactedEvent(id: string, summary: string, keptFrom: number): NewEvent {
  return newEvent(
    { id, type: 'agent.thread_context_compacted', summary },
    { detail: { kept_from: keptFrom } },
  );
}

/** The `seq` of the first event that a compaction kept, as {@link compactedEvent} noted it; null where the detail is none of its. */
export function keptFromOf(detail: Json | null): number | null {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return null;
  const kept = detail['kept_from'];
  return typeof kept === 'number' ? kept : null;
}
