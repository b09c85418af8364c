import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnsi } from './parse-ansi.ts';

const textOf = (output: string) =>
  parseAnsi(output)
    .map(({ text }) => text)
    .join('');

describe('the output of a terminal', () => {
  it('keeps its colours as names of classes', () => {
    expect(parseAnsi('a \u001b[1;31mred\u001b[0m b')).toEqual([
      { text: 'a ', classes: '' },
      { text: 'red', classes: 'fg-ansi-red ansi-bold' },
      { text: ' b', classes: '' },
    ]);
  });

  it.each([
    ['titles', '\u001b]0;evil title\u0007text', 'text'],
    ['links', '\u001b]8;;javascript:alert(1)\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['moves of the cursor', 'one\u001b[2K\u001b[1Gtwo', 'onetwo'],
    ['strings for the device', 'a\u001bP1;2q#0\u001b\\b', 'ab'],
    ['a progress bar', '10%\r50%\r100%\ndone', '100%\ndone'],
    ['line ends of another system', 'a\r\nb\r\n', 'a\nb\n'],
    ['characters that were taken back', 'abx\b\bc', 'ac'],
  ])('is shown without %s', (_name, output, expected) => {
    expect(textOf(output)).toBe(expected);
  });

  it('gives classes of the style sheet only, whatever it says', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.array(fc.nat(255), { maxLength: 6 }).map((codes) => `\u001b[${codes.join(';')}m`),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const { classes } of parseAnsi(pieces.join(''))) {
          expect(classes).toMatch(
            /^((fg|bg)-ansi-(bright-)?[a-z]+|ansi-(bold|dim|italic|underline|strikethrough)|)( |$)?/,
          );
          expect(classes).not.toMatch(/[^a-z -]/);
        }
      }),
    );
  });
});
