import type { SessionCreateParams } from '@anthropic-ai/sdk/resources/beta/sessions/sessions';

type Budget = NonNullable<SessionCreateParams['budget']>;

/** A budget of so many dollars, as typed; undefined: nothing was typed. Throws for what is no amount. */
export function budgetOf(dollars: string): Budget | undefined {
  if (dollars.trim() === '') return undefined;
  // A comma before three digits may part thousands or cents, a factor of a thousand apart, so it is not guessed at.
  const typed = /^\$?\s*(\d+)(?:[.,](\d{1,2}))?$/.exec(dollars.trim());
  const cents = typed === null ? 0 : Number(typed[1]) * 100 + Number((typed[2] ?? '').padEnd(2, '0'));
  if (!Number.isSafeInteger(cents) || cents < 1) {
    throw new Error(`Budget: ${JSON.stringify(dollars)} is no amount of dollars, such as 2.50.`);
  }
  return { type: 'limit', max_list_cost: { amount: String(cents), currency: 'USD' } };
}
