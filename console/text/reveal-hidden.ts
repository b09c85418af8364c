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

/**
 * What may stand in names though it is hidden elsewhere, since one sees what it does: joiners and selectors within an emoji, the tags of a
 * flag's, joiners after letters of scripts that join, and spaces of other widths within a text.
 */
const SEEN_IN_NAMES = [
  /\p{RGI_Emoji}/v,
  /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}])[\u200c\u200d](?=\p{L})/u,
  /(?<=\S)[\u00a0\u2002-\u200a\u202f\u3000](?=\S)/u,
];
const SEEN = new RegExp(SEEN_IN_NAMES.map(({ source }) => source).join('|'), 'gv');

/** As {@link revealHidden}, for names and titles: scripts and emoji that people write with stay readable. */
export function revealInName(text: string): RevealedPart[] {
  const seen = [...text.matchAll(SEEN)].map(({ 0: { length }, index }) => ({
    from: index,
    to: index + length,
  }));
  const parts: RevealedPart[] = [];
  let at = 0;
  for (const part of revealHidden(text)) {
    const from = at;
    at += 'text' in part ? part.text.length : part.hidden.length;
    const isSeen = seen.some((place) => place.from <= from && at <= place.to);
    const last = parts.at(-1);
    const shown = 'text' in part ? part.text : isSeen ? part.hidden : null;
    if (shown === null) parts.push(part);
    else if (last !== undefined && 'text' in last) last.text += shown;
    else parts.push({ text: shown });
  }
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
