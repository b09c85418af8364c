import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useSessionFeed } from '../feed/use-session-feed.ts';
import { client } from '../service/client.ts';
import { buildTranscript, waitingCalls } from '../transcript/build-transcript.ts';
import { Transcript } from '../transcript/transcript.tsx';
import { Loading } from '../ui/loading.tsx';
import { Problem } from '../ui/problem.tsx';
import { sessionName } from '../sessions/session-words.ts';
import { usePageTitle } from '../ui/page.tsx';
import { Composer } from './composer.tsx';
import { ConnectionBar } from './connection-bar.tsx';
import { Inspector } from './inspector.tsx';
import { SessionContext } from './session-context.ts';
import { SessionHeader } from './session-header.tsx';

/** One session, live. */
export function SessionPage() {
  const { id = '' } = useParams();
  return <OpenSession key={id} id={id} />;
}

function OpenSession({ id }: { id: string }) {
  const { feed, log } = useSessionFeed(id);
  const [parameters] = useSearchParams();
  const [isInspected, setInspected] = useState(false);
  const session = useQuery({
    queryKey: ['session', id],
    queryFn: ({ signal }) => client.beta.sessions.retrieve(id, {}, { signal }),
    refetchInterval: 15_000,
  });
  const items = useMemo(() => buildTranscript(log), [log]);
  const waiting = useMemo(() => waitingCalls(items), [items]);
  usePageTitle(session.data ? sessionName(session.data) : '');

  // Whatever changes the session's state is in the log, so the log says when to look again.
  const { refetch } = session;
  const lastChange = log.events.findLast(({ type }) => /^session\.(status_|updated|usage)/.test(type))?.id;
  useEffect(() => {
    if (lastChange !== undefined) void refetch();
  }, [lastChange, refetch]);

  const context = useMemo(
    () => ({ id, feed, isEnded: session.data?.status === 'terminated' }),
    [id, feed, session.data?.status],
  );
  if (session.error && !session.data) {
    return (
      <div className="page">
        <Problem error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  }
  if (!session.data) return <Loading />;
  const isBusy = session.data.status === 'running' || session.data.status === 'rescheduling';
  return (
    <SessionContext value={context}>
      <div className="session" data-inspected={isInspected || undefined}>
        <section className="session-main" aria-label="Conversation">
          <SessionHeader
            session={session.data}
            isWaiting={waiting.length > 0}
            isInspected={isInspected}
            onInspect={() => setInspected((before) => !before)}
          />
          <ConnectionBar connection={log.connection} />
          <Transcript items={items} log={log} isBusy={isBusy} wanted={parameters.get('event')} />
          <Composer
            session={session.data}
            isBusy={isBusy}
            isLive={log.connection.state === 'live'}
            waiting={waiting}
          />
        </section>
        {isInspected && <Inspector session={session.data} log={log} onClose={() => setInspected(false)} />}
      </div>
    </SessionContext>
  );
}
