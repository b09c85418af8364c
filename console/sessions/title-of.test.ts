import { expect, it } from 'vitest';
import { titleOf } from './title-of.ts';

it('is the first line, cut at the end of a word', () => {
  expect(titleOf('Write a report\nabout the sea')).toBe('Write a report');
  const long = titleOf(
    'Compare the three offers in the attached files and write down what each of them costs',
  );
  expect(long).toBe('Compare the three offers in the attached files and write down what …');
});

it.each([68, 69, 70, 71])('never cuts a character in two: %i letters before it', (count) => {
  const title = titleOf(`${'a'.repeat(count)}😀😀😀`);
  expect(title.isWellFormed()).toBe(true);
  expect(title).toMatch(/^a{68}/);
});
