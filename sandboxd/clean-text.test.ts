import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cleanText, cutHead, cutTail, decode, trimPartialEnd, trimPartialStart } from './clean-text.ts';

describe('cleanText', () => {
  it('shows what a terminal would show in the end', () => {
    expect(cleanText('\u001b[1;31mred\u001b[0m')).toBe('red');
    expect(cleanText('a\r\nb\r\n')).toBe('a\nb\n');
    expect(cleanText('10%\r50%\r100%\ndone')).toBe('100%\ndone');
    expect(cleanText('bell\u0007 back\u0008 nul\u0000 tab\t.')).toBe('bell back nul tab\t.');
  });
  it('leaves plain text as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', ' ', '\n', '\t', 'é', '語', '😀')), (parts) => {
        expect(cleanText(parts.join(''))).toBe(parts.join(''));
      }),
    );
  });
});

describe('cuts', () => {
  it('never split a code point, and lose at most one unit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 40 }), (text, length) => {
        for (const cut of [cutHead(text, length), cutTail(text, length)]) {
          expect(cut.isWellFormed()).toBe(true);
          expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, length) - 1);
          expect(cut.length).toBeLessThanOrEqual(length);
        }
        expect(text.startsWith(cutHead(text, length))).toBe(true);
        expect(text.endsWith(cutTail(text, length))).toBe(true);
      }),
    );
  });
  it('of bytes leave whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(), (text, from, to) => {
        const bytes = Buffer.from(text);
        const start = bytes.length === 0 ? 0 : from % bytes.length;
        const end = Math.max(start, bytes.length === 0 ? 0 : to % bytes.length);
        const part = decode(trimPartialStart(trimPartialEnd(bytes.subarray(start, end))));
        expect(text).toContain(part);
      }),
    );
  });
  it('turn what is no text into replacement characters', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decode(bytes).isWellFormed()).toBe(true);
      }),
    );
  });
});
