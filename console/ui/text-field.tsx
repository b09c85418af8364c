import type { ComponentProps } from 'react';
import { Field } from './field.tsx';

interface Named {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
}

type Rest<Element extends 'input' | 'textarea'> = Omit<ComponentProps<Element>, keyof Named | 'id'>;

/** A named field for one line of text. */
export function TextField({ label, hint, onChange, className = '', ...rest }: Named & Rest<'input'>) {
  return (
    <Field label={label} {...(hint !== undefined && { hint })}>
      {(ids) => (
        <input
          {...ids}
          {...rest}
          className={`input ${className}`}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** A named field for several lines of text. */
export function TextArea({ label, hint, onChange, className = '', ...rest }: Named & Rest<'textarea'>) {
  return (
    <Field label={label} {...(hint !== undefined && { hint })}>
      {(ids) => (
        <textarea
          {...ids}
          {...rest}
          className={`input ${className}`}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
