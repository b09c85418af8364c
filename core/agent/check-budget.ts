import { AppError } from '../errors.ts';
import type { Models } from './agent-spec.ts';

/**
 * A budget needs a model whose cost can be told. Models of a fallback chain without list prices do not matter: a session with a budget
 * passes over them.
 *
 * @throws `invalid_request` with `model_not_budgetable`.
 */
export function checkBudgetable(model: string, models: Models): void {
  if (models.resolve(model)?.prices != null) return;
  throw new AppError(
    'invalid_request',
    `budget: model_not_budgetable: ${model} has no list prices; give it prices in the configuration, or leave the budget out`,
    { details: { error_code: 'model_not_budgetable' } },
  );
}
