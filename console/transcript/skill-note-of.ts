import type { SessionEvent } from '../service/wire.ts';

/** What the service made of a slash at the beginning of a message; null: there was none. */
export function skillNoteOf(event: SessionEvent): string | null {
  const note = 'skill' in event ? event.skill : null;
  if (typeof note !== 'object' || note === null) return null;
  if ('activated' in note && typeof note.activated === 'string')
    return `The skill ${note.activated} is in use.`;
  if (!('unknown' in note) || typeof note.unknown !== 'string') return null;
  const suggestion = 'suggestion' in note && typeof note.suggestion === 'string' ? note.suggestion : null;
  return `There is no skill ${note.unknown} in this session${suggestion === null ? '' : `; did you mean /${suggestion}?`}`;
}
