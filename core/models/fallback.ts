import type { ErrorCode } from '../errors.ts';
import type { ModelCatalog } from './model-catalog.ts';
import type { ModelEntry } from './model-entry.ts';

/** Failures that another model may not share: the provider is down, out of quota, or does not take our key. */
const WORTH_ANOTHER_MODEL: ReadonlySet<ErrorCode> = new Set([
  'model_overloaded',
  'model_rate_limited',
  'model_unreachable',
  'model_billing',
  'model_credentials_refused',
]);

/** Whether another model may succeed where one failed so. */
export function isWorthAnother(code: ErrorCode): boolean {
  return WORTH_ANOTHER_MODEL.has(code);
}

/**
 * The model to go on with when one has failed for good, or null where there is none: the first of its chain, and of the chains of those
 * in it, that is known and was not tried.
 *
 * @param fits - whether a model can take the session over.
 * @param tried - ids of the models that have failed since the last answer, this one included.
 */
export function fallbackModel(
  catalog: ModelCatalog,
  failed: ModelEntry,
  code: ErrorCode,
  tried: readonly string[],
  fits: (entry: ModelEntry) => boolean = () => true,
): ModelEntry | null {
  if (!isWorthAnother(code)) return null;
  const seen = new Set([failed.id, ...tried]);
  const chain = [...new Set([failed.id, ...tried])].flatMap((id) => catalog.resolve(id)?.fallback ?? []);
  for (const id of [...failed.fallback, ...chain]) {
    const entry = seen.has(id) ? null : catalog.resolve(id);
    if (entry !== null && fits(entry)) return entry;
  }
  return null;
}
