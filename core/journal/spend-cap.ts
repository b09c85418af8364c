import type { Budget, HeadView } from './view.ts';

/** The cap in billionths of a US dollar. A whole cent is ten million of them. */
export function capNanoUsd(budget: Budget): number {
  return Number(budget.max_list_cost.amount) * 1e7;
}

/**
 * Whether a session may begin no more model requests: its list cost has reached the budget, or cannot be told, since a model without
 * list prices has answered in it. Asked between requests, so that one request may take the cost over the cap.
 */
export function isAtCap(head: Pick<HeadView, 'budget' | 'usage' | 'unpriced'>): boolean {
  if (head.budget === null) return false;
  return head.unpriced || head.usage.list_cost_nano_usd >= capNanoUsd(head.budget);
}
