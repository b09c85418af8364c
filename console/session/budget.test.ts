import { expect, it } from 'vitest';
import { budgetOf } from './budget.ts';

it('takes dollars as people type them', () => {
  expect(budgetOf(' ')).toBeUndefined();
  for (const typed of ['2.5', '2,50', '$2.50', ' 2.5 ']) {
    expect(budgetOf(typed)).toEqual({ type: 'limit', max_list_cost: { amount: '250', currency: 'USD' } });
  }
});

it.each(['0', '-1', 'x', '0.001', 'Infinity', '1,000', '1.000', '1,000.50', '1e3', '0x10'])(
  'refuses %s',
  (typed) => {
    expect(() => budgetOf(typed)).toThrow('is no amount of dollars');
  },
);
