import { expect, it } from 'vitest';

import { createGroupSweep } from './group-sweep.ts';

it('removes the groups of sandboxes that stopped by themselves, and none of one that runs or is being started', () => {
  const groups = new Map<string, number[]>([
    ['a-running', [1]],
    ['a-stopped', []],
    ['a-starting', []],
    ['a-restarted', []],
  ]);
  const instances = new Map([['a-restarted', 1]]);
  const sweep = createGroupSweep(
    {
      names: () => [...groups.keys()],
      instance: (name) => instances.get(name),
      members: (name) => groups.get(name) ?? [],
      remove: (name) => groups.delete(name),
    },
    'a-',
  );
  sweep();
  sweep();
  groups.set('a-starting', [2]);
  sweep();
  instances.set('a-restarted', 2);
  expect([...groups.keys()]).toEqual(['a-running', 'a-stopped', 'a-starting', 'a-restarted']);
  sweep();
  expect([...groups.keys()]).toEqual(['a-running', 'a-starting', 'a-restarted']);
  groups.set('a-starting', []);
  sweep();
  expect([...groups.keys()]).toEqual(['a-running', 'a-starting', 'a-restarted']);
});
