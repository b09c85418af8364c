import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { SizeRefusal } from '../../providers/model/context-overflow.ts';

/** What a model's server takes, in tokens. */
export type ServedLimits = Pick<ModelEntry, 'contextWindow' | 'maxOutputTokens'>;

/** After this time the catalogue is believed again: the server may have been started anew, with a larger window. */
const REMEMBERED_MS = 60 * 60_000;
/** A number below this is none of a window, whatever the words around it say. */
const LEAST_WINDOW = 512;

const learned = new WeakMap<ModelEntry, Partial<ServedLimits> & { until: number }>();

/**
 * The limits of a model by its catalogue entry, or what its server said of them where that is less: the window of a deployment that is
 * named freely is a guess. Each process remembers what it was told; others find out with a refused request of their own, which costs
 * nothing.
 */
export function servedLimits(entry: ModelEntry, now: number = Date.now()): ServedLimits {
  const { contextWindow, maxOutputTokens } = entry;
  const known = learned.get(entry);
  if (known === undefined || known.until <= now) return { contextWindow, maxOutputTokens };
  return {
    contextWindow: Math.min(contextWindow, known.contextWindow ?? contextWindow),
    maxOutputTokens: Math.min(maxOutputTokens, known.maxOutputTokens ?? maxOutputTokens),
  };
}

/** Remembers the limit that a server named. Whether it is less than what was known, so that the same request would come out smaller. */
export function learnLimit(entry: ModelEntry, size: SizeRefusal, now: number = Date.now()): boolean {
  const { of, limit } = size;
  if (limit === undefined || (of === 'prompt' && limit < LEAST_WINDOW)) return false;
  const name = of === 'prompt' ? 'contextWindow' : 'maxOutputTokens';
  const known = servedLimits(entry, now);
  if (limit >= known[name]) return false;
  learned.set(entry, { ...known, [name]: limit, until: now + REMEMBERED_MS });
  return true;
}
