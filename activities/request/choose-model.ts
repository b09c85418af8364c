import { AppError } from '../../core/errors.ts';
import type { Detour } from '../../core/journal/turn.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';

/** Soon, since another worker may be waiting for work; not at once, lest this one takes it again and again. */
const HAND_OVER_MS = 200;

/**
 * The model that a session's next request goes to: its own, or the one that stands in for it in this turn. One that is not known is
 * looked for once more among the models that servers list, since the api may have heard of it a moment earlier.
 *
 * @throws `model_request_refused` when it is not configured; `unavailable` when another worker can reach it, for Temporal to hand the call out
 *   again.
 */
export async function chooseModel(
  deps: Pick<ActivityDependencies, 'catalog'>,
  setup: Pick<SessionSetup, 'agent'>,
  detour: Detour | null,
): Promise<ModelEntry> {
  const id = detour?.model ?? setup.agent.model.id;
  const known = deps.catalog.resolve(id);
  if (known) return known;
  await deps.catalog.reload?.();
  const entry = deps.catalog.resolve(id);
  if (entry) return entry;
  if ((await deps.catalog.isElsewhere?.(id)) === true) {
    throw new AppError(
      'unavailable',
      `This worker cannot reach the model "${id}", and another one can: the call is handed out again. Give all workers that call models the same keys and models.`,
      { retryAfterMs: HAND_OVER_MS },
    );
  }
  throw new AppError(
    'model_request_refused',
    `No model "${id}" is configured. ${howToHaveIt(id)}, or change the agent.`,
  );
}

/** A name with a slash may be that of a connection, which was renamed or is gone. */
function howToHaveIt(id: string): string {
  const [connection = ''] = id.split('/');
  const add = 'Add it to models in the configuration';
  return connection === id || connection === ''
    ? add
    : `${add}, or the connection "${connection}" to providers`;
}
