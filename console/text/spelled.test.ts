import { describe, expect, it } from 'vitest';
import { revealInName } from './reveal-hidden.ts';
import { spelled } from './spelled.ts';

describe('names and titles', () => {
  it.each([
    ['a right-to-left override', 'report\u202egpj.exe', 'report[U+202E]gpj.exe'],
    ['embeddings and their end', '\u202aa\u202b\u202c\u202d', '[U+202A]a[U+202B][U+202C][U+202D]'],
    ['isolates', '\u2066a\u2067b\u2068c\u2069', '[U+2066]a[U+2067]b[U+2068]c[U+2069]'],
    ['marks', 'a\u200e\u200f\u061c', 'a[U+200E][U+200F][U+061C]'],
    ['zero-width characters', 'pay\u200bpal \u200dx\u2060\ufeff', 'pay[U+200B]pal [U+200D]x[U+2060][U+FEFF]'],
    ['a joiner between letters that do not join', 'ad\u200cmin', 'ad[U+200C]min'],
    ['separators of lines', 'a\u2028b\u2029c', 'a[U+2028]b[U+2029]c'],
    ['controls', 'a\u0000\u001b[31m\u0085\u009b', 'a[U+0000][U+001B][31m[U+0085][U+009B]'],
    ['letters written as tags', 'ok\u{e0041}\u{e0001}', 'ok[U+E0041][U+E0001]'],
    ['tags after a flag that has none such', '🏴\u{e0041}\u{e007f}', '🏴[U+E0041][U+E007F]'],
    ['spaces at an end', 'a\u00a0', 'a[U+00A0]'],
    ['a soft hyphen and a filler', 'a\u00adb\u3164', 'a[U+00AD]b[U+3164]'],
  ])('spell %s', (_title, text, expected) => {
    expect(spelled(text)).toBe(expected);
  });

  it.each([
    ['Arabic', 'تقرير المبيعات'],
    ['Hebrew', 'דוח מכירות 2026'],
    ['Persian, with its joiners', 'می\u200cخواهم'],
    ['Hindi, with its joiners', 'क्\u200dष'],
    ['families, professions and flags', '👩‍👩‍👧 👩🏽‍💻 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏳️‍🌈 ❤️ 1️⃣'],
    ['Japanese with its space', '売上　報告'],
    ['French with its spaces', 'Prix\u00a0: 5\u202f000'],
  ])('leave %s as it is', (_title, text) => {
    expect(spelled(text)).toBe(text);
    expect(revealInName(text)).toEqual([{ text }]);
  });
});
