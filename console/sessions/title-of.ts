const TITLE_LENGTH = 70;
const SHORTEST = 30;

/** The beginning of the first message, at a word's end, and never in the middle of a character. */
export function titleOf(message: string): string {
  const line = message.split('\n', 1)[0]?.trim() ?? '';
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH).replace(/[\uD800-\uDBFF]$/, '');
  const end = cut.lastIndexOf(' ');
  return `${end > SHORTEST ? cut.slice(0, end) : cut} …`;
}
