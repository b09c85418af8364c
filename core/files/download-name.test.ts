import { describe, expect, it } from 'vitest';
import { downloadName } from './download-name.ts';

describe('the name of a download', () => {
  it.each([
    ['a right-to-left override', 'invoice\u202efdp.exe', 'invoice_fdp.exe'],
    ['an isolate', '\u2066a\u2069.txt', '_a_.txt'],
    ['a mark', 'a\u200f\u061c.txt', 'a__.txt'],
    ['a zero-width space', 'a\u200b.txt', 'a_.txt'],
    ['a joiner between Latin letters', 'a\u200db.txt', 'a_b.txt'],
    ['a tag', 'a\u{e0041}.txt', 'a_.txt'],
    ['a filler', 'a\u3164\u2800.txt', 'a__.txt'],
    ['a C1 control', 'a\u009b.txt', 'a_.txt'],
    ['a line separator', 'a\u2028b.txt', 'a_b.txt'],
  ])('does not hide %s', (_what, name, shown) => {
    expect(downloadName(name)).toBe(shown);
  });

  it.each([
    'Grüße 你好.txt',
    'شرکت\u200cها.pdf',
    '👩\u200d👩\u200d👧 ❤\ufe0f.png',
    'Bild 10.15\u202fAM.png',
    'a_b (1).txt',
  ])('stays what people write: %s', (name) => {
    expect(downloadName(name)).toBe(name);
  });
});
