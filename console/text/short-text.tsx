import { HiddenCharacters } from './revealed.tsx';
import { revealInName } from './reveal-hidden.ts';

/**
 * A name, a title or another short text that a client or a model gave: every place of the console that shows one uses this, or `spelled`
 * where only plain text can stand. Nothing in it turns the direction of what is beside it, and what would not be seen shows by its code.
 */
export function ShortText({ text }: { text: string }) {
  return <HiddenCharacters parts={revealInName(text)} />;
}
