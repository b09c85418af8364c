import type { SessionCreateParams } from '@anthropic-ai/sdk/resources/beta/sessions/sessions';

type Budget = NonNullable<SessionCreateParams['budget']>;

/** A budget of so many dollars, as typed; undefined: nothing was typed. Throws for what is no amount. */
export function budgetOf(dollars: string): Budget | undefined {
  if (dollars.trim() === '') return undefined;
  const cents = Math.round(Number(dollars.replace(',', '.').replace('$', '')) * 100);
  if (!Number.isSafeInteger(cents) || cents < 1) {
    throw new Error(`Budget: ${JSON.stringify(dollars)} is no amount of dollars, such as 2.50.`);
  }
  return { type: 'limit', max_list_cost: { amount: String(cents), currency: 'USD' } };
}
