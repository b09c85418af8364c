/** The words of what follows `/name`: separated by white space; quotes keep together what they hold, a backslash takes the next character as it is. */
export function splitArguments(input: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let place = 0; place < input.length; place++) {
    const character = input.charAt(place);
    if (character === '\\' && quote !== "'" && place + 1 < input.length) {
      place += 1;
      word = (word ?? '') + input.charAt(place);
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      // An apostrophe inside a word is one: it's, not a quote.
      if (character === "'" && word !== null) word += character;
      else {
        quote = character;
        word ??= '';
      }
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
