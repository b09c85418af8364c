import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { DiffView } from './diff-view.tsx';

const shown = (before: string, after: string) =>
  renderToStaticMarkup(<DiffView before={before} after={after} label="Changes" />);
const wordsOf = (html: string) => html.replace(/<[^>]*>/g, '');

it('shows each line of an edit, and what it takes away and puts in', () => {
  expect(wordsOf(shown('one\ntwo\n', 'one\n2\n'))).toBe(' one\n-two\n+2\n');
});

it.each([
  ['a zero-width space', 'rm -rf /\u200btmp', 'U+200B'],
  ['a tag character', 'x\u{e0041}', 'U+E0041'],
  ['a right-to-left override', 'x\u202ey', 'U+202E'],
  ['an escape', 'x\u001b[2K', 'U+001B'],
])('marks %s in what an edit or a new file holds, so that whoever allows it sees it', (_name, text, code) => {
  for (const html of [shown('', `${text}\n`), shown(`${text}\n`, 'y\n')]) {
    expect(html).toContain(`>${code}</mark>`);
  }
});
