import { isAppError } from '../../core/errors.ts';
import { planContext, type ContextPlan, type KnownSize } from '../../core/session/context/plan-context.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { buildModelRequest } from './build-model-request.ts';
import type { StepContext } from './step-context.ts';

/** Above this share of a request that nobody has counted, an estimate may be wrong by too much. */
const UNSURE = 0.1;

/**
 * Plans a step's next request. The size is known from the vendor's last answer and estimated for what came since; only where that is
 * a lot and the limit is near is the vendor's counter asked, so that ordinary steps make no call besides their own.
 */
export async function fitContext(
  deps: ActivityDependencies,
  context: StepContext,
  known: KnownSize,
  signal: AbortSignal,
): Promise<ContextPlan> {
  const { transcript, budget, fixed } = context;
  const plan = planContext(transcript, budget, fixed, known);
  const isNear = plan.tokens > budget.trimAbove && plan.uncounted > budget.request * UNSURE;
  if (!isNear || known.refused !== undefined) return plan;
  const counted = await countedTokens(deps, context, plan, signal);
  return counted === null ? plan : planContext(transcript, budget, fixed, { ...known, counted });
}

async function countedTokens(
  deps: ActivityDependencies,
  context: StepContext,
  plan: ContextPlan,
  signal: AbortSignal,
): Promise<number | null> {
  const { provider } = context;
  if (!provider.countTokens) return null;
  const { request } = await buildModelRequest(deps, context, plan.messages);
  try {
    return await provider.countTokens(request, signal);
  } catch (error) {
    signal.throwIfAborted();
    // The count is only advice: what cannot be counted is estimated, and the request itself shows whether the vendor can be had.
    if (isAppError(error) && error.code.startsWith('model_')) return null;
    throw error;
  }
}
