import { afterAll, describe, expect, it } from 'vitest';
import { tinyPdf } from '../../test/doubles/tiny-pdf.ts';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import { createDecodedPdfs } from './decoded-pdfs.ts';

const never = new AbortController().signal;
const decoder = testDecoder();
afterAll(() => decoder.close());
const reader = createDecodedPdfs(decoder, { pages: 3, characters: 1_000 });

describe('reading a PDF', () => {
  it('gives its text page by page', async () => {
    expect(await reader.read('w', tinyPdf('First things', 'Second thoughts'), never)).toEqual({
      pages: 2,
      text: '--- page 1 of 2 ---\nFirst things\n\n--- page 2 of 2 ---\nSecond thoughts',
    });
  });

  it('says that pages without text have none', async () => {
    expect(await reader.read('w', tinyPdf('', ''), never)).toEqual({ pages: 2, text: '' });
  });

  it('refuses one with too many pages', async () => {
    expect(await reader.read('w', tinyPdf('1', '2', '3', '4'), never)).toEqual({
      refusal: 'it has 4 pages, at most 3 are read',
    });
  });

  it('cuts long text and says so', async () => {
    const short = createDecodedPdfs(decoder, { pages: 3, characters: 30 });
    const read = await short.read('w', tinyPdf('a line that goes on and on'), never);
    expect(read).toMatchObject({ pages: 1 });
    expect('text' in read && read.text).toMatch(/characters are left out here\.\]$/);
  });

  it('refuses what is none, and reads the next one', async () => {
    const [broken, whole] = await Promise.all([
      reader.read('w', Buffer.from('%PDF-1.7 and nothing else'), never),
      reader.read('w', tinyPdf('whole'), never),
    ]);
    expect(broken).toMatchObject({ refusal: expect.stringContaining('cannot be read') as string });
    expect(whole).toMatchObject({ pages: 1 });
  });

  it('gives up on one that takes too long', async () => {
    const hasty = createDecodedPdfs(decoder, { pages: 1_000, characters: 1_000, milliseconds: 1 });
    // So much is never read before the time can be noticed.
    const long = tinyPdf(...Array.from({ length: 1_000 }, (_, page) => `page ${page}`));
    expect(await hasty.read('w', long, never)).toEqual({
      refusal: 'it cannot be read within 0.001 s',
    });
  });

  it('ends when its caller does not want it any more', async () => {
    const reason = new Error('gone');
    await expect(reader.read('w', tinyPdf('x'), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
