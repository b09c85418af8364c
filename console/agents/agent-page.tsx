import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Archive, ArrowLeft, MessagesSquare } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { fullTime } from '../format/age.ts';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Facts } from '../ui/facts.tsx';
import { Loading } from '../ui/loading.tsx';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { AgentForm } from './agent-form.tsx';
import { ShortText } from '../text/short-text.tsx';

/** One agent: to change it, and to see what it was. */
export function AgentPage() {
  const { id = '' } = useParams();
  const [isAsked, setAsked] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const agent = useQuery({ queryKey: ['agent', id], queryFn: () => client.beta.agents.retrieve(id) });
  const versions = useQuery({
    queryKey: ['agent-versions', id, agent.data?.version],
    queryFn: () => allPages(client.beta.agents.versions.list(id, { limit: 100 })),
  });
  const archive = useMutation({
    mutationFn: () => client.beta.agents.archive(id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['agents'] });
      void navigate('/agents');
    },
  });
  if (agent.isPending) return <Loading />;
  if (agent.error) {
    return (
      <Page title="Agent">
        <Problem error={agent.error} />
      </Page>
    );
  }
  return (
    <Page
      title={agent.data.name}
      lead={
        <Link to="/agents" className="icon-button" aria-label="All agents" title="All agents">
          <ArrowLeft size={16} aria-hidden="true" />
        </Link>
      }
      actions={
        <>
          <Link className="button" data-look="plain" data-size="normal" to={`/sessions?agent=${id}&new=1`}>
            <MessagesSquare size={16} aria-hidden="true" /> New session
          </Link>
          {agent.data.archived_at === null && (
            <Button onClick={() => setAsked(true)}>
              <Archive size={16} aria-hidden="true" /> Archive
            </Button>
          )}
        </>
      }
    >
      {archive.error && <Problem error={archive.error} />}
      <div className="columns">
        <section aria-label="Settings" className="panel">
          <AgentForm key={id} agent={agent.data} onDone={() => undefined} />
        </section>
        <aside className="panel" aria-label="Versions">
          <Facts
            facts={[
              ['Id', <code key="id">{agent.data.id}</code>],
              ['Version', agent.data.version],
              ['Archived', agent.data.archived_at === null ? null : fullTime(agent.data.archived_at)],
            ]}
          />
          <h2>Versions</h2>
          <ul className="plain-list">
            {versions.data?.map((version) => (
              <li key={version.version}>
                Version {version.version}
                <span className="quiet">
                  {' '}
                  · <ShortText text={version.model.id} /> · {fullTime(version.updated_at)}
                </span>
              </li>
            ))}
          </ul>
        </aside>
      </div>
      <Confirm
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        title="Archive this agent?"
        description="No session can be started with it any more. Those that run go on."
        action="Archive"
        onConfirm={() => archive.mutate()}
      />
    </Page>
  );
}
