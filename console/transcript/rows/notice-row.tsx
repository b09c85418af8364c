import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import { Revealed } from '../../text/revealed.tsx';
import type { Tone } from '../transcript-item.ts';

const ICONS = { plain: Info, good: Info, warning: TriangleAlert, bad: CircleAlert };

interface Props {
  notice: { tone: Tone; title: string; detail: string | null; isQueued?: boolean };
}

/** Something that happened to the session. */
export function NoticeRow({ notice: { tone, title, detail, isQueued = false } }: Props) {
  const Icon = ICONS[tone];
  return (
    <div className="notice" data-tone={tone}>
      <Icon size={15} aria-hidden="true" />
      <div>
        <p className="notice-title">
          <Revealed text={title} />
          {isQueued && <span className="said-queued"> queued</span>}
        </p>
        {detail !== null && (
          <p className="notice-detail">
            <Revealed text={detail} />
          </p>
        )}
      </div>
    </div>
  );
}
