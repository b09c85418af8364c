import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { boundDecisions } from './bounded-decisions.ts';
import { decisionMessage, type EgressDecision, type MissedDecisions } from './egress-decision.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const decision = (index: number): EgressDecision => ({
  host: `${index}.example`,
  port: 443,
  decision: index % 2 === 0 ? 'allowed' : 'refused',
});

it('tells so many decisions of each second, and counts the others', () => {
  const told: (EgressDecision | MissedDecisions)[] = [];
  const { decided } = boundDecisions((line) => told.push(line), 3);
  for (let index = 0; index < 100; index++) decided(decision(index));
  expect(told).toEqual([decision(0), decision(1), decision(2)]);
  vi.advanceTimersByTime(1_000);
  expect(told.slice(3)).toEqual([{ missed: 97, refused: 49 }]);
  expect(decisionMessage({ ...told[3] })).toBe('egress decisions that came too fast to be logged');
  decided(decision(7));
  expect(told.at(-1)).toEqual(decision(7));
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(5);
});

it('tells what was only counted when the session ends', () => {
  const told: (EgressDecision | MissedDecisions)[] = [];
  const { decided, flush } = boundDecisions((line) => told.push(line), 1);
  decided(decision(1));
  decided(decision(1));
  flush();
  expect(told).toEqual([decision(1), { missed: 1, refused: 1 }]);
});

it('cuts a reason that quotes something long', () => {
  const told: (EgressDecision | MissedDecisions)[] = [];
  const { decided } = boundDecisions((line) => told.push(line));
  decided({ ...decision(1), reason: `the Host inside the tunnel is ${'x'.repeat(30_000)}` });
  expect(JSON.stringify(told).length).toBeLessThan(600);
});
