import type { WireEvent } from './wire-event.ts';
import { newEvent } from './wire-event.ts';
import { refuseBusy } from './archive.ts';
import { AppError } from '../errors.ts';
import { toMonetaryAmount } from '../models/list-cost.ts';
import { capNanoUsd } from './spend-cap.ts';
import { createJournalWriter } from './journal-writer.ts';
import type { Budget, IdSource, JournalView } from './view.ts';
import type { JournalWrites } from './writes.ts';

/** The internal row that wakes a session which paused at its budget. */
export const BUDGET_CHANGED = 'internal.budget';

/** The parts of `session.updated` that changed. */
export type SessionChanges = Omit<Extract<WireEvent, { type: 'session.updated' }>, 'id' | 'type'>;

/**
 * Journals `session.updated` and changes the resource (`session`) with it. Title and metadata may change at any time; the agent only while the
 * session is not busy. A budget may be raised, lowered to what is not yet used, or removed; a session that it stopped then goes on.
 *
 * @throws `invalid_request` for an agent change of a busy session.
 */
export function updateSession(
  view: JournalView,
  changes: SessionChanges,
  session: NonNullable<JournalWrites['session']>,
  ids: IdSource,
): JournalWrites {
  if (changes.agent !== undefined) refuseBusy(view, 'given another agent configuration');
  const writer = createJournalWriter(view, ids);
  writer.append(newEvent({ id: ids.event(), type: 'session.updated', ...changes }));
  if (changes.agent != null) writer.setTurn({ ...writer.turn, detour: null });
  const paused = writer.status === 'idle' && writer.stop?.type === 'budget_reached';
  if (changes.budget !== undefined && paused) {
    const id = ids.event();
    writer.enqueue({ id, type: BUDGET_CHANGED, body: { id, type: BUDGET_CHANGED } });
  }
  return { ...writer.finish(null), session };
}

/**
 * A new budget has to be above what the session has used, also where it is the old one.
 *
 * @throws `invalid_request` with `budget_not_raised`, or `model_not_budgetable` where the cost is not known.
 */
export function refuseUsedUp({ head }: Pick<JournalView, 'head'>, budget: Budget): void {
  if (head.unpriced) {
    throw new AppError(
      'invalid_request',
      'budget: model_not_budgetable: a model without list prices has answered in this session, so its cost is not known; remove the budget',
      { details: { error_code: 'model_not_budgetable' } },
    );
  }
  if (head.usage.list_cost_nano_usd < capNanoUsd(budget)) return;
  const used = toMonetaryAmount(head.usage.list_cost_nano_usd).amount;
  throw new AppError(
    'invalid_request',
    `budget.max_list_cost.amount: budget_not_raised: ${budget.max_list_cost.amount} cents are not above what the session has used, ${used}`,
    { details: { error_code: 'budget_not_raised' } },
  );
}
