import { useEffect, type ReactNode } from 'react';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';

interface Props {
  title: string;
  /** In the browser's title, when it differs from the page's. */
  name?: string;
  actions?: ReactNode;
  lead?: ReactNode;
  children: ReactNode;
}

/** A page with its heading. */
export function Page({ title, name, actions, lead, children }: Props) {
  usePageTitle(name ?? title);
  return (
    <div className="page">
      <header className="page-header">
        <div className="page-heading">
          {lead}
          <h1>
            <ShortText text={title} />
          </h1>
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Names the browser's tab. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Managed Agent' : `${spelled(title)} · Managed Agent`;
  }, [title]);
}
