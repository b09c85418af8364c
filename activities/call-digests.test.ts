import { describe, expect, it } from 'vitest';
import { callDigests } from './call-digests.ts';

const of = (...calls: [string, object][]) =>
  callDigests(calls.map(([name, input]) => ({ name, input: input as Record<string, string> })));

describe('the digests of tool calls', () => {
  it('are equal for equal calls, whatever the order of their fields', () => {
    const left = of(['bash', { command: 'ls', options: { a: 1, b: [1, 2] } }]);
    const right = of(['bash', { options: { b: [1, 2], a: 1 }, command: 'ls' }]);
    expect(left).toEqual(right);
  });

  it('differ by tool, input and order of a list', () => {
    const calls: [string, object][] = [
      ['bash', { a: [1, 2] }],
      ['bash', { a: [2, 1] }],
      ['read', { a: [1, 2] }],
      ['bash', {}],
    ];
    expect(new Set(of(...calls).calls).size).toBe(calls.length);
  });

  it('name a round by its calls in their order', () => {
    const first: [string, object] = ['bash', { a: 1 }];
    const second: [string, object] = ['bash', { a: 2 }];
    expect(of(first, second).round).toBe(of(first, second).round);
    expect(of(first, second).round).not.toBe(of(second, first).round);
    expect(of(first, second).calls).toEqual([...of(first).calls, ...of(second).calls]);
  });
});
