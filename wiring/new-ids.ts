import { randomBytes } from 'node:crypto';
import { makeId, type IdKind } from '../core/ids.ts';
import type { IdSource } from '../core/journal/view.ts';

/** A new id of this kind, from the clock and the system's random source. */
export function newId(kind: IdKind): string {
  return makeId(kind, Date.now(), randomBytes(10));
}

export const newIds: IdSource = { event: () => newId('event') };
