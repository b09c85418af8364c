import type { AbsentTools } from './agent/absent-tools.ts';
import type { ModelOffer } from './models/model-offer.ts';
import { BUILT_IN_TOOLS } from './schema/agent-toolset.ts';

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

/**
 * Tools that models are not offered. A session stays on the host that it comes to, and it may come to any, so a tool that only some have
 * would fail elsewhere. Workers that have no tools at all are no such host, and count only where there is no other.
 */
export function absentTools(said: readonly NonNullable<WorkerOffer['absentTools']>[]): AbsentTools {
  const each = said.map((absent) => new Map(absent));
  const hosts = each.filter((absent) => !BUILT_IN_TOOLS.every((name) => absent.has(name)));
  const counted = hosts.length === 0 ? each : hosts;
  const joined = new Map(counted.flatMap((absent) => [...absent]));
  for (const [name, reason] of joined) {
    if (counted.some((absent) => !absent.has(name))) joined.set(name, `not all workers have it: ${reason}`);
  }
  return joined;
}

/** Each once, in an order that does not depend on who spoke when, so that every process makes the same of it. */
function distinct<Said>(said: readonly Said[]): Said[] {
  const byText = new Map(said.map((one) => [JSON.stringify(one), one]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
}
