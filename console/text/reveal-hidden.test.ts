import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countHidden, revealHidden } from './reveal-hidden.ts';

const hiddenIn = (text: string) =>
  revealHidden(text).flatMap((part) => ('hidden' in part ? [part.name] : []));

describe('hidden characters', () => {
  it.each([
    ['a right-to-left override', 'rm \u202egpj.exe', ['U+202E right-to-left override']],
    ['zero-width spaces', 'a\u200bb\u200cc', ['U+200B zero-width space', 'U+200C zero-width non-joiner']],
    ['an escape sequence', 'x\u001b[31my', ['U+001B escape']],
    ['a carriage return that hides what is before it', 'rm -rf /\recho hi', ['U+000D carriage return']],
    ['letters written as tags', 'ok\u{e0041}', ['U+E0041 tag character']],
    ['a space that is none', 'ls\u00a0-l', ['U+00A0 no-break space']],
    ['a variation selector', 'a\ufe01', ['U+FE01']],
    ['a Hangul filler', 'x\u3164', ['U+3164 Hangul filler']],
    ['a lone surrogate', 'x\ud800', ['U+D800']],
    ['private use', '\ue000', ['U+E000']],
  ])('are found: %s', (_name, text, expected) => {
    expect(hiddenIn(text)).toEqual(expected);
  });

  it('are not what people write', () => {
    expect(countHidden('Grüße, 你好 – здравствуй\n\tif (a < b) { echo "$x"; } 🎉 é')).toBe(0);
  });

  it('leave the text whole, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parts = revealHidden(text).map((part) => ('text' in part ? part.text : part.hidden));
        expect(parts.join('')).toBe(text);
      }),
    );
  });
});
