/** What the page that starts a session leaves for the session's own page, in the browser's history. */
export interface FirstMessage {
  firstMessage: string;
}

export function firstMessage(text: string): FirstMessage | null {
  return text.trim() === '' ? null : { firstMessage: text };
}

/** The message in a history entry's state; null: none. */
export function firstMessageIn(state: unknown): string | null {
  if (typeof state !== 'object' || state === null || !('firstMessage' in state)) return null;
  return typeof state.firstMessage === 'string' ? state.firstMessage : null;
}
