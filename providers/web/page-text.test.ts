import { afterAll, describe, expect, it } from 'vitest';

import { pageText } from './page-text.ts';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import { createPageReader } from './page-reader.ts';

const page = (content: string, mediaType = 'text/html', charset = 'utf-8') => ({
  url: 'https://site.example/dir/page',
  mediaType,
  charset,
  bytes: Buffer.from(content, charset === 'latin1' ? 'latin1' : 'utf8'),
});

/** A document with one line of text, written out by hand. */
function tinyPdf(text: string): Buffer {
  const content = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  return Buffer.from(
    `${body}xref\n0 6\n0000000000 65535 f \n${rows}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`,
  );
}

describe('pageText', () => {
  it('turns a page into Markdown with absolute links', async () => {
    const html = `<html><head><title> A  title </title><style>x{}</style></head><body>
      <h1>Heading</h1><p>Some <b>bold</b> text and a <a href="../other?x=1">link</a>.</p>
      <ul><li>one</li><li>two</li></ul><pre><code class="language-js">let a = 1;</code></pre>
      <table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>
      <img src="x.png" alt="A picture"><script>alert(1)</script></body></html>`;
    expect(await pageText(page(html))).toEqual({
      title: 'A title',
      text: [
        '# Heading',
        '',
        'Some **bold** text and a [link](https://site.example/other?x=1).',
        '',
        '-   one',
        '-   two',
        '',
        '```js',
        'let a = 1;',
        '```',
        '',
        '| a   | b   |',
        '| --- | --- |',
        '| 1   | 2   |',
        '',
        '[image: A picture]',
      ].join('\n'),
    });
  });
  it('drops links that lead nowhere on the web', async () => {
    const html = '<p><a href="javascript:alert(1)">script</a> <a href="data:text/html,x">data</a></p>';
    expect(await pageText(page(html))).toMatchObject({ text: 'script data' });
  });
  it('reads other charsets, as the server or the page names them', async () => {
    expect(await pageText(page('<p>caf\u00e9</p>', 'text/html', 'latin1'))).toMatchObject({ text: 'café' });
    const declared = {
      ...page('<meta charset="iso-8859-1"><p>x</p>'),
      charset: '',
      bytes: Buffer.from('<meta charset="iso-8859-1"><p>caf\u00e9</p>', 'latin1'),
    };
    expect(await pageText(declared)).toMatchObject({ text: 'café' });
    expect(await pageText(page('<p>x</p>', 'text/html', 'no-such-charset'))).toMatchObject({ text: 'x' });
  });
  it('leaves plain text and data as they are, and refuses what is neither', async () => {
    expect(await pageText(page('{"a": 1}', 'application/json'))).toEqual({ text: '{"a": 1}', title: null });
    expect(await pageText(page('<p>', 'text/plain'))).toEqual({ text: '<p>', title: null });
    expect(await pageText(page('x', 'image/png'))).toMatchObject({
      refusal: expect.stringContaining('image/png'),
    });
    expect(await pageText(page('a\0b', ''))).toMatchObject({
      refusal: expect.stringContaining('cannot be shown'),
    });
  });
  it('reads the text of a PDF document, whatever the server calls it', async () => {
    const source = { ...page('', 'application/octet-stream'), bytes: tinyPdf('Hello from a document') };
    expect(await pageText(source)).toEqual({ text: 'Hello from a document', title: null });
  });
});

describe('reading a page in a decoder', () => {
  const decoder = testDecoder();
  afterAll(() => decoder.close());
  const readPage = createPageReader(decoder);

  it('gives its text', async () => {
    const { signal } = new AbortController();
    expect(await readPage('w', page('<p>in a process</p>'), signal)).toEqual({
      text: 'in a process',
      title: null,
    });
  });
  it('answers with a refusal when the page breaks its reader', { timeout: 60_000 }, async () => {
    const { signal } = new AbortController();
    const broken = { ...page(''), mediaType: 'application/pdf', bytes: Buffer.from('%PDF-1.4 nonsense') };
    expect(await readPage('w', broken, signal)).toMatchObject({
      refusal: expect.stringContaining('cannot be read'),
    });
    const deep = page('<div>'.repeat(10_000));
    const result = await createPageReader(decoder, { milliseconds: 1_000 })('w', deep, signal);
    expect('refusal' in result || result.text === '').toBe(true);
  });
  it('stops when its caller does', async () => {
    const abort = new AbortController();
    const reading = readPage('w', page('<p>x</p>'), abort.signal);
    abort.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
  });
});
