import type { ComponentProps } from 'react';

interface Props extends ComponentProps<'button'> {
  look?: 'plain' | 'primary' | 'danger' | 'ghost';
  size?: 'small' | 'normal';
}

/** A button. It submits no form unless its type says so. */
export function Button({ look = 'plain', size = 'normal', className = '', ...rest }: Props) {
  return (
    <button type="button" {...rest} className={`button ${className}`} data-look={look} data-size={size} />
  );
}
