import { useId, type ReactNode } from 'react';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  label: string;
  hint?: string;
  children: (ids: { id: string; 'aria-describedby': string | undefined }) => ReactNode;
}

/** A named field of a form. */
export function Field({ label, hint, children }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className="field-label">
        <ShortText text={label} />
      </label>
      {children({ id, 'aria-describedby': hint === undefined ? undefined : `${id}-hint` })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="field-hint">
          <ShortText text={hint} />
        </p>
      )}
    </div>
  );
}
