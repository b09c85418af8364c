import { Check, Copy, Link2, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import { IconButton } from './icon-button.tsx';

const SHOWN_MS = 1_500;
const ICONS: Record<'text' | 'link', LucideIcon> = { text: Copy, link: Link2 };

/** Puts a text on the clipboard and says that it did. */
export function CopyButton({
  text,
  label,
  kind = 'text',
}: {
  text: string;
  label: string;
  kind?: 'text' | 'link';
}) {
  const [isCopied, setCopied] = useState(false);
  return (
    <IconButton
      className="copy-button"
      icon={isCopied ? Check : ICONS[kind]}
      label={isCopied ? 'Copied' : label}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), SHOWN_MS);
        });
      }}
    />
  );
}
