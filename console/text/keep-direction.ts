/** Characters that turn the direction of everything after them. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A text in which no character turns the direction of others: each is shown by its code. Right-to-left scripts need none of them. */
export function keepDirection(text: string): string {
  return text.replaceAll(
    TURNS,
    (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}]`,
  );
}
