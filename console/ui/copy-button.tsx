import { Check, Copy, Link2, TriangleAlert, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { problemText } from '../service/problem-text.ts';
import { copyText } from './copy-text.ts';
import { IconButton } from './icon-button.tsx';

const SHOWN_MS = 1_500;
const COPIED = 'Copied';
const ICONS: Record<'text' | 'link', LucideIcon> = { text: Copy, link: Link2 };

/** Puts a text on the clipboard and says that it did, or why not. */
export function CopyButton({
  text,
  label,
  kind = 'text',
}: {
  text: string;
  label: string;
  kind?: 'text' | 'link';
}) {
  const [outcome, setOutcome] = useState<string | null>(null);
  return (
    <IconButton
      className="copy-button"
      icon={outcome === null ? ICONS[kind] : outcome === COPIED ? Check : TriangleAlert}
      label={outcome ?? label}
      onClick={() => {
        const tell = (words: string) => {
          setOutcome(words);
          setTimeout(() => setOutcome(null), SHOWN_MS);
        };
        copyText(text).then(
          () => tell(COPIED),
          (error: unknown) => tell(problemText(error)),
        );
      }}
    />
  );
}
