/** Where streamed text is in a JSON object. `other` is text that is none: a scalar, a list, or an object with more after it. */
export type Extent = 'nothing' | 'open' | 'whole' | 'other';

/** Follows the brackets of streamed text piece by piece, so that long arguments need not be read again with each of their pieces. */
export interface ObjectExtent {
  readonly extent: Extent;
  add(piece: string): void;
}

export function createObjectExtent(): ObjectExtent {
  let extent: Extent = 'nothing';
  let depth = 0;
  let isQuoted = false;
  let isEscaped = false;

  const read = (character: string): void => {
    if (isQuoted) {
      if (isEscaped) isEscaped = false;
      else if (character === '\\') isEscaped = true;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth === 0) extent = 'whole';
  };

  return {
    get extent() {
      return extent;
    },
    add(piece) {
      for (const character of piece) {
        if (extent === 'other') return;
        if (extent === 'open') read(character);
        else if (!/\s/.test(character)) {
          const begins = extent === 'nothing' && character === '{';
          extent = begins ? 'open' : 'other';
          depth = begins ? 1 : 0;
        }
      }
    },
  };
}
