import type { Detour } from '../core/journal/turn.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** The place of a step among those that ask models in this worker. */
export interface Place {
  /**
   * Takes it, where the step begins. To be called in the step's transaction: where it throws, nothing of the step is written.
   *
   * @throws HandedBack when the step would only wait while others have something to do.
   */
  take(workspaceId: string, detour: Detour | null): void;
  leave(): void;
}

/** Prepares to take a place. Costs nothing where no model limits its requests. */
export async function placeFor(
  deps: Pick<ActivityDependencies, 'slots' | 'providers' | 'catalog' | 'journal'>,
  sessionId: string,
): Promise<Place> {
  const { slots, providers, catalog } = deps;
  const setup = providers.limits(catalog.list()) ? await deps.journal.setup(sessionId) : null;
  const taken: (() => void)[] = [];
  return {
    take(workspaceId, detour) {
      taken.push(slots.enter(workspaceId));
      const entry = setup && catalog.resolve(detour?.model ?? setup.agent.model.id);
      if (entry) taken.push(providers.reserve(entry));
    },
    leave() {
      for (const leave of taken.splice(0)) leave();
    },
  };
}
