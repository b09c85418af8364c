const TITLE_LENGTH = 70;

/** The beginning of the first message, at a word's end. */
export function titleOf(message: string): string {
  const line = message.split('\n', 1)[0]?.trim() ?? '';
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH);
  return `${cut.slice(0, cut.lastIndexOf(' ') > 30 ? cut.lastIndexOf(' ') : TITLE_LENGTH)} …`;
}
