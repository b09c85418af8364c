import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { MarkdownText } from './markdown.tsx';

const shown = (text: string) => renderToStaticMarkup(<MarkdownText text={text} />);

it.each([
  ['as it is', 'pay \u202eecila'],
  ['by its number', 'pay &#x202E;ecila'],
  ['by its decimal number', 'pay &#8238;ecila'],
  ['in a heading', '# pay &#x202E;ecila'],
  ['in the text of a link', '[pay &#x202E;ecila](https://example.com)'],
  ['in what stands for an image', '![pay &#x202E;ecila](https://example.com/a.png)'],
  ['in a table', '| a |\n| - |\n| pay &#x202E;ecila |'],
  ['in code', '```\npay \u202eecila\n```'],
])('shows a character that turns the direction by its code: %s', (_where, text) => {
  const html = shown(text);
  expect(html).toContain('pay [U+202E]ecila');
  expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
});

it('shows the address of a link without turns of direction', () => {
  const html = shown('[here](https://example.com/&#x202E;a "&#x202E;")');
  expect(html).toContain('here</a>');
  expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
});
