import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MIGRATIONS } from './postgres/migrate.ts';

it('no two files of the schema share a number, so that their order is plain', () => {
  const numbers = readdirSync(MIGRATIONS).map((name) => name.slice(0, 4));
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
});
