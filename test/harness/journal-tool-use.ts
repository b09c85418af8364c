import { createJournalWriter } from '../../core/journal/journal-writer.ts';
import { newEvent } from '../../core/journal/wire-event.ts';
import type { Journal } from '../../providers/store/journal.ts';
import { newId, newIds } from '../../wiring/new-ids.ts';

/** Puts a session where it waits for the answer to one tool use, as a turn of a model would. Returns the tool use's id. */
export async function journalToolUse(
  journal: Pick<Journal, 'transact'>,
  sessionId: string,
  kind: 'ask' | 'custom',
): Promise<string> {
  const id = newId('event');
  await journal.transact({ sessionId, caller: 'activity' }, (view) => {
    const writer = createJournalWriter(view, newIds);
    writer.running();
    writer.append(
      kind === 'ask'
        ? newEvent({ id, type: 'agent.tool_use', name: 'bash', input: {}, evaluated_permission: 'ask' })
        : newEvent({ id, type: 'agent.custom_tool_use', name: 'lookup', input: {} }),
    );
    writer.addCalls([{ id, name: kind, kind, label: kind }]);
    writer.idle({ type: 'requires_action', event_ids: [id] });
    return { writes: writer.finish(null), result: null };
  });
  return id;
}
