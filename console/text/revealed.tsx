import { revealHidden, type RevealedPart } from './reveal-hidden.ts';

/** A text as it is, with every hidden character shown by its code, so that what is read is what would run. */
export function Revealed({ text }: { text: string }) {
  return <HiddenCharacters parts={revealHidden(text)} />;
}

/** Parts of a text, each keeping its direction to itself. */
export function HiddenCharacters({ parts }: { parts: readonly RevealedPart[] }) {
  return parts.map((part, index) =>
    'text' in part ? (
      // Parts of one text never change places.
      <bdi key={index}>{part.text}</bdi>
    ) : (
      <mark key={index} className="hidden-character" title={part.name}>
        {part.name.split(' ')[0]}
      </mark>
    ),
  );
}
