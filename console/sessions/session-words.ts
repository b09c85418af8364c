import type { Session } from '../service/wire.ts';

/** What a list calls a session. */
export function sessionName(session: Session): string {
  const title = session.title?.trim() ?? '';
  return title === '' ? `Session with ${session.agent.name}` : title;
}

/** All tokens that a session read and wrote. */
export function sessionTokens({ usage }: Session): { read: number; written: number } {
  const cached =
    (usage.cache_read_input_tokens ?? 0) +
    (usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) +
    (usage.cache_creation?.ephemeral_1h_input_tokens ?? 0);
  return { read: (usage.input_tokens ?? 0) + cached, written: usage.output_tokens ?? 0 };
}

/** Whether all words of a search are somewhere in what is known of a session. */
export function matchesSearch(session: Session, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [
    session.id,
    sessionName(session),
    session.agent.name,
    session.agent.id,
    session.agent.model.id,
    session.environment_id,
    ...Object.entries(session.metadata).flat(),
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
