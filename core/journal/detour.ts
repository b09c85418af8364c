import type { SessionError } from './session-error.ts';
import type { JournalWriter } from './journal-writer.ts';
import type { IdSource } from './view.ts';
import { newEvent } from './wire-event.ts';

/** A model that takes the turn over from another, and how clients are told why. */
export interface StandIn {
  failed: string;
  model: string;
  error: SessionError;
}

/** Journals that the turn goes on with another model, and notes it: whichever attempt comes next asks that one. */
export function journalDetour(writer: JournalWriter, { failed, model, error }: StandIn, ids: IdSource): void {
  const announcement = { ...error, fallback_model: model };
  writer.append(
    newEvent({ id: ids.event(), type: 'session.error', error: announcement }, { detail: { failed } }),
  );
  const before = writer.turn.detour?.failed ?? [];
  writer.setTurn({ ...writer.turn, detour: { failed: [...before, failed], model } });
}

/** What is said of the move in the error's text. */
export function detourText(model: string): string {
  return `The turn goes on with ${model}.`;
}
