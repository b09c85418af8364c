import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

/** What a list says when there is nothing in it. */
export function Empty({
  icon: Icon,
  title,
  children,
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon size={28} aria-hidden="true" />
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}
