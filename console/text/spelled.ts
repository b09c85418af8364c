import { revealInName } from './reveal-hidden.ts';

/**
 * A short text that a client or a model gave, for where only plain text can stand: titles of the browser, labels, tooltips, names of
 * downloads. As in `ShortText`, what would not be seen is spelled by its code, such as `[U+202E]`.
 */
export function spelled(text: string): string {
  return revealInName(text)
    .map((part) => ('text' in part ? part.text : `[${part.name.split(' ')[0]}]`))
    .join('');
}
