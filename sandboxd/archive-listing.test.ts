import { describe, expect, it } from 'vitest';

import { changesBetween, type Listing } from './archive-listing.ts';

const listing = (rows: Record<string, string>): Listing =>
  new Map(Object.entries(rows).map(([name, state]) => [name, { state, bytes: 0 }]));

describe('changes between two listings', () => {
  it('are none between equal ones', () => {
    const rows = { 'workspace/a/': 'd 755', 'workspace/a/b': 'f 644 1 2 3 4' };
    expect(changesBetween(listing(rows), listing(rows))).toEqual({ changed: [], removed: [] });
  });
  it('name what is new or other, in the order of the listing, and what is gone', () => {
    const before = listing({ 'workspace/a': 'd 755', 'workspace/a/b': 'f 1', 'workspace/c': 'f 1' });
    const now = listing({ 'workspace/a': 'd 700', 'workspace/a/b': 'f 2', 'workspace/d': 'f 1' });
    expect(changesBetween(before, now)).toEqual({
      changed: ['workspace/a', 'workspace/a/b', 'workspace/d'],
      removed: ['workspace/c'],
    });
  });
  it('remove first what changed into a folder or out of one', () => {
    const before = listing({ 'workspace/a': 'd 755', 'workspace/b': 'l 777', 'workspace/c': 'f 1' });
    const now = listing({ 'workspace/a': 'f 1', 'workspace/b': 'd 755', 'workspace/c': 'l 777' });
    const { changed, removed } = changesBetween(before, now);
    expect(changed).toEqual(['workspace/a', 'workspace/b', 'workspace/c']);
    expect(removed).toEqual(['workspace/a', 'workspace/b']);
  });
});
