/** A piece of text as it is, or one character that a reader would not see, by name. */
export type RevealedPart = { text: string } | { hidden: string; name: string };

const NAMES = new Map<number, string>([
  [0x00ad, 'soft hyphen'],
  [0x034f, 'grapheme joiner'],
  [0x061c, 'Arabic letter mark'],
  [0x200b, 'zero-width space'],
  [0x200c, 'zero-width non-joiner'],
  [0x200d, 'zero-width joiner'],
  [0x200e, 'left-to-right mark'],
  [0x200f, 'right-to-left mark'],
  [0x2028, 'line separator'],
  [0x2029, 'paragraph separator'],
  [0x202a, 'left-to-right embedding'],
  [0x202b, 'right-to-left embedding'],
  [0x202c, 'end of direction'],
  [0x202d, 'left-to-right override'],
  [0x202e, 'right-to-left override'],
  [0x2060, 'word joiner'],
  [0x2066, 'left-to-right isolate'],
  [0x2067, 'right-to-left isolate'],
  [0x2068, 'first strong isolate'],
  [0x2069, 'end of isolate'],
  [0x1b, 'escape'],
  [0x0d, 'carriage return'],
  [0x08, 'backspace'],
  [0xfeff, 'zero-width no-break space'],
  [0x3164, 'Hangul filler'],
  [0xffa0, 'half-width Hangul filler'],
  [0x115f, 'Hangul filler'],
  [0x1160, 'Hangul filler'],
  [0x2800, 'blank Braille'],
  [0x00a0, 'no-break space'],
]);

/**
 * Characters that show nothing, or change how others are shown: controls and format characters (bidirectional, zero-width, tags),
 * fillers, separators, variation selectors, spaces other than the usual one, private use, and what is not assigned. Tab and line feed are
 * text.
 */
const HIDDEN =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800]/gu;

/** Splits a text at its hidden characters. The parts, put together, are the text. */
export function revealHidden(text: string): RevealedPart[] {
  const parts: RevealedPart[] = [];
  let done = 0;
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    if (index > done) parts.push({ text: text.slice(done, index) });
    parts.push({ hidden: character, name: nameOf(character) });
    done = index + character.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** How many hidden characters a text holds. */
export function countHidden(text: string): number {
  return revealHidden(text).filter((part) => 'hidden' in part).length;
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (code >= 0xe0000 && code <= 0xe007f) return `${hex} tag character`;
  const name = NAMES.get(code);
  return name === undefined ? hex : `${hex} ${name}`;
}
