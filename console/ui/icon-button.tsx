import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import { spelled } from '../text/spelled.ts';

interface Props extends Omit<ComponentProps<'button'>, 'children'> {
  icon: LucideIcon;
  /** What it does, for those who cannot see the picture. */
  label: string;
}

/** A button that is a picture. */
export function IconButton({ icon: Icon, label: given, className = '', ...rest }: Props) {
  const label = spelled(given);
  return (
    <button type="button" title={label} {...rest} aria-label={label} className={`icon-button ${className}`}>
      <Icon size={16} aria-hidden="true" />
    </button>
  );
}
