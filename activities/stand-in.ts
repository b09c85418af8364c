import { detourText } from '../core/journal/detour.ts';
import type { StandInFor } from '../core/journal/open-step.ts';
import type { HeadView } from '../core/journal/view.ts';
import type { ErrorCode } from '../core/errors.ts';
import { fallbackModel } from '../core/models/fallback.ts';
import { fitsSession } from '../core/models/fits-session.ts';
import type { ModelEntry } from '../core/models/model-entry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { toSessionError } from './session-error.ts';

type StandInDeps = Pick<ActivityDependencies, 'catalog' | 'outages'>;

/** What of a session's agent decides which models can carry it. */
export interface RunningAgent {
  model: { id: string };
  tools: readonly unknown[];
}

/** The next model of the chain that fits the session: one that is not known to be down, where there is one. Null: there is none. */
export function standInOf(
  deps: StandInDeps,
  head: Pick<HeadView, 'budget'>,
  agent: RunningAgent,
  failed: ModelEntry,
  code: ErrorCode,
  tried: readonly string[],
): ModelEntry | null {
  const needs = { tools: agent.tools.length > 0, prices: head.budget !== null };
  const find = (fits: (entry: ModelEntry) => boolean) =>
    fallbackModel(deps.catalog, failed, code, tried, (entry) => fitsSession(entry, needs) && fits(entry));
  return find(({ id }) => !deps.outages.isDown(id)) ?? find(() => true);
}

/**
 * Lets a step begin with another model where the one it would ask was given up a moment ago. Without one that is up, the step begins
 * with its own. Costs nothing while no model is down.
 */
export async function standInFor(
  deps: StandInDeps & Pick<ActivityDependencies, 'journal'>,
  sessionId: string,
): Promise<StandInFor> {
  if (!deps.outages.any()) return () => null;
  const { agent } = await deps.journal.setup(sessionId);
  return ({ head }, detour) => {
    const failed = detour?.model ?? agent.model.id;
    const entry = deps.catalog.resolve(failed);
    const outage = deps.outages.take(failed);
    if (!entry || !outage) return null;
    const next = standInOf(deps, head, agent, entry, outage.code, detour?.failed ?? []);
    if (!next || deps.outages.isDown(next.id)) return null;
    return { failed, model: next.id, error: toSessionError(outage, 'retrying', detourText(next.id)) };
  };
}
