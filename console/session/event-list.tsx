import { useMutation } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Download } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { FeedSnapshot } from '../feed/session-feed.ts';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { ShortText } from '../text/short-text.tsx';

const ROW = 30;

/** The log itself, event by event. */
export function EventList({ log, sessionId }: { log: FeedSnapshot; sessionId: string }) {
  const [filter, setFilter] = useState('');
  const save = useMutation({ mutationFn: () => saveAll(sessionId) });
  const frame = useRef<HTMLDivElement>(null);
  const shown = useMemo(
    () =>
      [...log.events, ...log.queued]
        .filter(({ type, id }) => type.includes(filter) || id === filter)
        .toReversed(),
    [log.events, log.queued, filter],
  );
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  return (
    <>
      <div className="event-tools">
        <input
          className="input"
          type="search"
          aria-label="Filter events by type or id"
          placeholder="Type or id"
          value={filter}
          onChange={(event) => setFilter(event.target.value.trim())}
        />
        <Button size="small" disabled={save.isPending} onClick={() => save.mutate()}>
          <Download size={14} aria-hidden="true" /> {save.isPending ? 'Reading …' : 'All as JSON'}
        </Button>
      </div>
      {save.error && <Problem error={save.error} />}
      {/* A region that scrolls must be reachable by keyboard. */}
      <div className="event-list" ref={frame} tabIndex={0} role="group" aria-label="Events, newest first">
        <ul style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const event = shown[index];
            if (event === undefined) return null;
            return (
              <li key={event.id} style={{ transform: `translateY(${start}px)` }}>
                <Link to={`/sessions/${sessionId}?event=${event.id}`} replace>
                  <ShortText text={event.type} />
                </Link>
                <time>
                  {'processed_at' in event && event.processed_at ? timeOf(event.processed_at) : 'queued'}
                </time>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

function timeOf(time: string): string {
  return new Date(time).toLocaleTimeString();
}

/** Reads the whole log and gives it to the browser as a file. */
async function saveAll(sessionId: string): Promise<void> {
  const events = await Array.fromAsync(client.beta.sessions.events.list(sessionId, { limit: 1_000 }));
  const url = URL.createObjectURL(new Blob([JSON.stringify(events, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${sessionId}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
