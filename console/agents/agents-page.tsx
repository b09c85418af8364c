import { Bot, Plus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { ago, fullTime } from '../format/age.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loading } from '../ui/loading.tsx';
import { Modal } from '../ui/modal.tsx';
import { useNow } from '../ui/now.ts';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { AgentForm } from './agent-form.tsx';
import { useAgents } from './use-agents.ts';
import { ShortText } from '../text/short-text.tsx';

/** The list of agents. */
export function AgentsPage() {
  const agents = useAgents();
  const [isNew, setNew] = useState(false);
  const now = useNow();
  return (
    <Page
      title="Agents"
      actions={
        <Button look="primary" onClick={() => setNew(true)}>
          <Plus size={16} aria-hidden="true" /> New agent
        </Button>
      }
    >
      {agents.isPending && <Loading />}
      {agents.error && <Problem error={agents.error} onRetry={() => void agents.refetch()} />}
      {agents.data?.length === 0 && <Empty icon={Bot} title="No agents yet." />}
      <ul className="cards">
        {agents.data?.map((agent) => (
          <li key={agent.id} className="card">
            <Link to={`/agents/${agent.id}`} className="card-link">
              <ShortText text={agent.name} />
            </Link>
            <p className="card-about">
              <ShortText text={agent.description ?? agent.system ?? 'No description'} />
            </p>
            <p className="card-facts">
              <span>
                <ShortText text={agent.model.id} />
              </span>
              <span>version {agent.version}</span>
              <span title={fullTime(agent.updated_at)}>changed {ago(agent.updated_at, now)}</span>
            </p>
          </li>
        ))}
      </ul>
      <Modal isOpen={isNew} onClose={() => setNew(false)} title="New agent" width="wide">
        <AgentForm agent={null} onDone={() => setNew(false)} />
      </Modal>
    </Page>
  );
}
