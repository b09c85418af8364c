import { expect, it } from 'vitest';
import { completionsFor } from './skill-completion.ts';

const commands = [
  { name: 'web-research', about: '' },
  { name: 'pdf', about: '' },
  { name: 'spreadsheet', about: '' },
];
const names = (text: string) => completionsFor(text, commands).map(({ name }) => name);

it('offers everything after a slash, and what begins like the word first', () => {
  expect(names('/')).toEqual(['pdf', 'skills', 'spreadsheet', 'web-research']);
  expect(names('/s')).toEqual(['skills', 'spreadsheet', 'web-research']);
  expect(names('/PD')).toEqual(['pdf']);
});

it('offers nothing elsewhere', () => {
  for (const text of ['', 'a /', '/pdf x', '/ ', '/none']) expect(names(text)).toEqual([]);
});
