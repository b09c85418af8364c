import type { ReactNode } from 'react';
import { ShortText } from '../text/short-text.tsx';

/** Names and values. A value of null is left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>
              <ShortText text={name} />
            </dt>
            <dd>{typeof value === 'string' ? <ShortText text={value} /> : value}</dd>
          </div>
        ))}
    </dl>
  );
}
