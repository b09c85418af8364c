import { Braces } from 'lucide-react';
import { memo, useState } from 'react';
import { useOpenSession } from '../session/session-context.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { RawEvents } from './raw-events.tsx';
import { AnswerRow } from './rows/answer-row.tsx';
import { NoticeRow } from './rows/notice-row.tsx';
import { RequestRow } from './rows/request-row.tsx';
import { SaidRow } from './rows/said-row.tsx';
import { ThinkingRow } from './rows/thinking-row.tsx';
import { ToolRow } from './rows/tool-row.tsx';
import { TurnEndRow } from './rows/turn-end-row.tsx';
import { eventsOf, type TranscriptItem } from './transcript-item.ts';

interface Props {
  item: TranscriptItem;
  isLastOfGroup: boolean;
  /** The page's address names it. */
  isWanted: boolean;
}

/** One row, with what every row offers: a link to it, and the events behind it. */
export const TranscriptRow = memo(
  function TranscriptRow({ item, isLastOfGroup, isWanted }: Props) {
    const { id } = useOpenSession();
    const [isRaw, setRaw] = useState(false);
    const events = eventsOf(item);
    const inGroup = item.kind === 'request' || ('group' in item && item.group !== null);
    const [first] = events;
    return (
      <article
        className="transcript-row"
        data-kind={item.kind}
        data-group={inGroup ? (isLastOfGroup ? 'last' : 'in') : undefined}
        data-wanted={isWanted || undefined}
        aria-label={LABELS[item.kind]}
      >
        {contentOf(item)}
        {first !== undefined && (
          <div className="row-tools">
            <IconButton
              icon={Braces}
              label="Raw events"
              aria-pressed={isRaw}
              onClick={() => setRaw((before) => !before)}
            />
            <CopyButton
              kind="link"
              label="Copy the link to this event"
              text={`${window.location.origin}/sessions/${id}?event=${first.id}`}
            />
          </div>
        )}
        {isRaw && <RawEvents events={events} />}
      </article>
    );
  },
  (before, after) =>
    before.isLastOfGroup === after.isLastOfGroup &&
    before.isWanted === after.isWanted &&
    isSame(before.item, after.item),
);

const LABELS: Record<TranscriptItem['kind'], string> = {
  said: 'Message',
  request: 'Model request',
  thinking: 'Thinking',
  answer: 'Answer',
  tool: 'Tool call',
  notice: 'Notice',
  turn_end: 'End of the turn',
};

function contentOf(item: TranscriptItem) {
  switch (item.kind) {
    case 'said':
      return <SaidRow event={item.event} isQueued={item.isQueued} />;
    case 'request':
      return <RequestRow start={item.start} end={item.end} />;
    case 'thinking':
      return <ThinkingRow event={item.event} />;
    case 'answer':
      return <AnswerRow event={item.event} isLive={item.isLive} />;
    case 'tool':
      return <ToolRow call={item.call} />;
    case 'notice':
      return <NoticeRow notice={item} />;
    case 'turn_end':
      return <TurnEndRow event={item.event} usage={item.usage} />;
    default:
      return item satisfies never;
  }
}

/** Rows are made anew with every event; those whose events did not change look the same. */
function isSame(before: TranscriptItem, after: TranscriptItem): boolean {
  if (before.kind !== after.kind || before.key !== after.key) return false;
  if (before.kind === 'answer' && after.kind === 'answer' && before.isLive && after.isLive) {
    return before.event === after.event;
  }
  if ('isQueued' in before && 'isQueued' in after && before.isQueued !== after.isQueued) return false;
  if ('group' in before && 'group' in after && before.group !== after.group) return false;
  const [old, fresh] = [eventsOf(before), eventsOf(after)];
  return old.length === fresh.length && old.every((event, index) => event === fresh[index]);
}
