import { MessagesSquare, Plus } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useAgents } from '../agents/use-agents.ts';
import type { Session } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loading } from '../ui/loading.tsx';
import { useNow } from '../ui/now.ts';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { NewSession } from './new-session.tsx';
import { SessionFilters } from './session-filters.tsx';
import { SessionRow } from './session-row.tsx';
import { matchesSearch } from './session-words.ts';
import { useSessions, type SessionFilter } from './use-sessions.ts';

const NO_FILTER: SessionFilter = { status: 'any', agentId: '', isArchivedShown: false };

/** The list of sessions. */
export function SessionsPage() {
  const [parameters, setParameters] = useSearchParams();
  const [filter, setFilter] = useState<SessionFilter>({
    ...NO_FILTER,
    agentId: parameters.get('agent') ?? '',
  });
  const [search, setSearch] = useState('');
  const agents = useAgents();
  const sessions = useSessions(filter);
  const now = useNow();
  const loaded = sessions.data ?? [];
  const shown = loaded.filter((session) => matchesSearch(session, search));

  // The service has no search of its own, so a search looks through everything, page after page.
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = sessions;
  useEffect(() => {
    if (search.trim() !== '' && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [search, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const setNew = (isOpen: boolean) => setParameters(isOpen ? { new: '1' } : {}, { replace: !isOpen });
  return (
    <Page
      title="Sessions"
      actions={
        <Button look="primary" onClick={() => setNew(true)}>
          <Plus size={16} aria-hidden="true" />
          New session
        </Button>
      }
    >
      <SessionFilters
        filter={filter}
        onFilter={(change) => setFilter((before) => ({ ...before, ...change }))}
        search={search}
        onSearch={setSearch}
        agents={agents.data ?? []}
      />
      {sessions.error !== null && <Problem error={sessions.error} onRetry={() => void sessions.refetch()} />}
      {sessions.isPending && <Loading />}
      {sessions.data && shown.length === 0 && !isFetchingNextPage && (
        <Empty
          icon={MessagesSquare}
          title={loaded.length === 0 ? 'No sessions here yet.' : 'No session matches.'}
        >
          {loaded.length === 0 && (
            <Button look="primary" onClick={() => setNew(true)}>
              Start the first one
            </Button>
          )}
        </Empty>
      )}
      {shown.length > 0 && <SessionTable sessions={shown} now={now} />}
      <p className="list-foot" role="status">
        {search.trim() !== '' &&
          `${shown.length} of ${loaded.length} sessions${hasNextPage ? ', still looking' : ''}`}
        {search.trim() === '' && hasNextPage && (
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Loading …' : 'Show more'}
          </Button>
        )}
      </p>
      <NewSession
        isOpen={parameters.get('new') !== null}
        onClose={() => setNew(false)}
        agentId={filter.agentId}
      />
    </Page>
  );
}

function SessionTable({ sessions, now }: { sessions: readonly Session[]; now: number }) {
  return (
    <table className="table session-table">
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Session</th>
          <th scope="col" className="cell-wide">
            Agent
          </th>
          <th scope="col" className="cell-wide">
            Model
          </th>
          <th scope="col" className="cell-number">
            Tokens
          </th>
          <th scope="col" className="cell-number">
            Cost
          </th>
          <th scope="col" className="cell-number">
            Age
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} now={now} />
        ))}
      </tbody>
    </table>
  );
}
