import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MIGRATIONS } from './postgres/migrate.ts';

/** Two files have this number, and databases know both by their names, so they keep it. */
const SHARED = '0020';

it('no two files of the schema share a number, so that their order is plain', () => {
  const numbers = readdirSync(MIGRATIONS)
    .map((name) => name.slice(0, 4))
    .filter((number) => number !== SHARED);
  expect(numbers).toEqual([...new Set(numbers)]);
});
