import type { AbsentTools } from './agent/absent-tools.ts';
import type { ModelOffer } from './models/model-offer.ts';

/** What a worker can do by its settings, which the other parts of the service may not have. It holds nothing secret. */
export interface WorkerOffer {
  /** Null: it calls no models. */
  models: ModelOffer | null;
  /** Built-in tools that it does not have, each with the reason; null: it runs no tools. */
  absentTools: readonly (readonly [name: string, reason: string])[] | null;
}

/** What a worker said that may be gone. */
export interface ToldOffer extends WorkerOffer {
  isAlive: boolean;
}

/** Of what was said, all that holds. */
export interface Spoken<Said> {
  said: Said[];
  /** Whether those who said it run now. */
  isAlive: boolean;
}

/**
 * What workers that run now say; while none runs, what the one said that spoke last. Nothing where none ever did.
 *
 * @param told - the one that spoke last first.
 */
export function spokenOf<Said>(
  told: readonly ToldOffer[],
  pick: (offer: WorkerOffer) => Said | null,
): Spoken<Said> {
  const spoken = told.flatMap((offer) => {
    const said = pick(offer);
    return said === null ? [] : [{ said, isAlive: offer.isAlive }];
  });
  const living = spoken.filter(({ isAlive }) => isAlive);
  if (living.length > 0) return { said: distinct(living.map(({ said }) => said)), isAlive: true };
  return { said: spoken.slice(0, 1).map(({ said }) => said), isAlive: false };
}

/** Tools that none of them has. */
export function absentEverywhere(said: readonly NonNullable<WorkerOffer['absentTools']>[]): AbsentTools {
  const [first = [], ...others] = said;
  const rest = others.map((absent) => new Set(absent.map(([name]) => name)));
  return new Map(first.filter(([name]) => rest.every((absent) => absent.has(name))));
}

/** Each once, in an order that does not depend on who spoke when, so that every process makes the same of it. */
function distinct<Said>(said: readonly Said[]): Said[] {
  const byText = new Map(said.map((one) => [JSON.stringify(one), one]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
}
