import type { RequestHandler, Response } from 'express';
import type { BodyBudget, BodyLease } from './body-budget.ts';

/** Opens every request's account of the bytes of its body, which ends with the answer at the latest. */
export function bodyLease(budget: BodyBudget): RequestHandler {
  return (_request, response, next) => {
    const lease = budget.open();
    response.locals['bodyLease'] = lease;
    response.once('close', () => lease.release());
    next();
  };
}

/** The account of the request that this answers. */
export function leaseOf(response: Response): BodyLease {
  return response.locals['bodyLease'] as BodyLease;
}
