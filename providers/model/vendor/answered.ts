/** How the vendor names what it answered. */
export interface Answered {
  /** Of the answer. */
  id?: string;
  /** The model that answered: often a more exact name than the one that was asked for. */
  model?: string;
}

const LONGEST = 200;

/** What of it the vendor told in a form that a trace can take; some servers send none, or something else. */
export function answeredBy(told: { id?: unknown; model?: unknown }): { answered: Answered } {
  const id = nameIn(told.id);
  const model = nameIn(told.model);
  return { answered: { ...(id === null ? {} : { id }), ...(model === null ? {} : { model }) } };
}

function nameIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST ? value : null;
}
