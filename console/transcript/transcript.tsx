import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, MessagesSquare } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { FeedSnapshot } from '../feed/session-feed.ts';
import { useOpenSession } from '../session/session-context.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loading } from '../ui/loading.tsx';
import { TranscriptRow } from './transcript-row.tsx';
import { eventsOf, type TranscriptItem } from './transcript-item.ts';

const NEAR_END = 120;
const NEAR_BEGINNING = 1_200;

interface Props {
  items: readonly TranscriptItem[];
  log: FeedSnapshot;
  isBusy: boolean;
  /** Id of the event that the page's address names. */
  wanted: string | null;
}

/** The conversation. Only the rows in sight are in the page; older ones are loaded when the reader comes near them. */
export function Transcript({ items, log, isBusy, wanted }: Props) {
  const { feed } = useOpenSession();
  const frame = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => ESTIMATES[items[index]?.kind ?? 'notice'],
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 8,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    useAnimationFrameWithResizeObserver: true,
  });

  // The first look is at the end, unless the address names an event.
  const isLoaded = log.isLoaded && items.length > 0;
  useEffect(() => {
    if (isLoaded && wanted === null) rows.scrollToIndex(items.length - 1, { align: 'end' });
    // Once, when the log is there.
  }, [isLoaded]);

  const place =
    wanted === null ? -1 : items.findIndex((item) => eventsOf(item).some(({ id }) => id === wanted));
  useEffect(() => {
    if (wanted === null) return;
    if (place !== -1) rows.scrollToIndex(place, { align: 'center' });
    else if (log.isLoaded && !log.isWhole) feed.loadOlder().catch(() => undefined);
    // When the event is found, and page after page until then.
  }, [wanted, place !== -1, log.events.length, log.isLoaded]);

  const onScroll = useCallback(() => {
    const element = frame.current;
    if (element === null) return;
    setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END);
    if (element.scrollTop < NEAR_BEGINNING && !log.isWhole && log.isLoaded) {
      feed.loadOlder().catch(() => undefined);
    }
  }, [feed, log.isWhole, log.isLoaded]);

  // A log whose newest page fills less than the view would never be scrolled.
  useEffect(onScroll, [onScroll, items.length]);

  if (!log.isLoaded && log.connection.state !== 'failed')
    return <Loading label="Loading the conversation …" />;
  const shown = rows.getVirtualItems();
  return (
    <div className="transcript-frame">
      {/* A region that scrolls must be reachable by keyboard. */}
      <div
        className="transcript"
        ref={frame}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-label="Transcript"
        aria-live="off"
      >
        {items.length === 0 && (
          <Empty icon={MessagesSquare} title="Nothing said yet. Write the first message below." />
        )}
        <div className="transcript-space" style={{ height: rows.getTotalSize() }}>
          {log.isWhole ? null : <p className="transcript-older">Loading earlier events …</p>}
          {shown.map((row) => {
            const item = items[row.index];
            if (item === undefined) return null;
            return (
              <div
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                className="transcript-place"
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <TranscriptRow
                  item={item}
                  isLastOfGroup={groupOf(items[row.index + 1]) !== groupOf(item)}
                  isWanted={row.index === place}
                />
              </div>
            );
          })}
        </div>
        {isBusy && log.previews.length === 0 && (
          <p className="transcript-working">
            <span className="spinner" aria-hidden="true" />
            Working …
          </p>
        )}
      </div>
      {!isAtEnd && (
        <Button
          className="to-end"
          size="small"
          onClick={() => rows.scrollToIndex(items.length - 1, { align: 'end' })}
        >
          <ArrowDown size={14} aria-hidden="true" /> Latest
        </Button>
      )}
    </div>
  );
}

const ESTIMATES: Record<TranscriptItem['kind'], number> = {
  said: 90,
  request: 34,
  thinking: 34,
  answer: 110,
  tool: 130,
  notice: 48,
  turn_end: 44,
};

/** The model request that a row belongs to; its own heading belongs to it too. */
function groupOf(item: TranscriptItem | undefined): string | null {
  if (item === undefined) return null;
  if (item.kind === 'request') return item.key;
  return 'group' in item ? item.group : null;
}
