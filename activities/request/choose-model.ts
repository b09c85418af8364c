import { AppError } from '../../core/errors.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import type { SessionSetup } from '../../providers/store/journal.ts';
import type { ActivityDependencies } from '../dependencies.ts';

/**
 * The model that a session's next request goes to.
 *
 * @throws `model_request_refused` when the agent names a model that is not configured.
 */
export function chooseModel(deps: Pick<ActivityDependencies, 'catalog'>, setup: SessionSetup): ModelEntry {
  const { id } = setup.agent.model;
  const entry = deps.catalog.resolve(id);
  if (entry) return entry;
  throw new AppError(
    'model_request_refused',
    `No model "${id}" is configured. Add it to models in the configuration, or change the agent.`,
  );
}
