import { Boxes, Plus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Environment } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Loading } from '../ui/loading.tsx';
import { Modal } from '../ui/modal.tsx';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { EnvironmentForm } from './environment-form.tsx';
import { useEnvironments } from './use-environments.ts';
import { ShortText } from '../text/short-text.tsx';

/** The list of environments. */
export function EnvironmentsPage() {
  const environments = useEnvironments();
  const [isNew, setNew] = useState(false);
  return (
    <Page
      title="Environments"
      actions={
        <Button look="primary" onClick={() => setNew(true)}>
          <Plus size={16} aria-hidden="true" /> New environment
        </Button>
      }
    >
      {environments.isPending && <Loading />}
      {environments.error && (
        <Problem error={environments.error} onRetry={() => void environments.refetch()} />
      )}
      {environments.data?.length === 0 && <Empty icon={Boxes} title="No environments yet." />}
      <ul className="cards">
        {environments.data?.map((environment) => (
          <li key={environment.id} className="card">
            <Link to={`/environments/${environment.id}`} className="card-link">
              <ShortText text={environment.name} />
            </Link>
            <p className="card-about">
              <ShortText text={environment.description || 'No description'} />
            </p>
            <p className="card-facts">
              <span>{networkOf(environment)}</span>
              <span>{packagesOf(environment)}</span>
            </p>
          </li>
        ))}
      </ul>
      <Modal isOpen={isNew} onClose={() => setNew(false)} title="New environment">
        <EnvironmentForm environment={null} onDone={() => setNew(false)} />
      </Modal>
    </Page>
  );
}

function networkOf({ config }: Environment): string {
  if (config.type !== 'cloud') return 'self-hosted';
  if (config.networking.type === 'unrestricted') return 'open network';
  const count = config.networking.allowed_hosts.length;
  return `${count} allowed ${count === 1 ? 'host' : 'hosts'}`;
}

function packagesOf({ config }: Environment): string {
  if (config.type !== 'cloud') return '';
  const count = Object.values(config.packages)
    .filter((list) => Array.isArray(list))
    .flat().length;
  if (count === 0) return 'no packages';
  return `${count} ${count === 1 ? 'package' : 'packages'}`;
}
