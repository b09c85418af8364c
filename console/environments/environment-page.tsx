import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Archive, ArrowLeft, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { fullTime } from '../format/age.ts';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Loading } from '../ui/loading.tsx';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { EnvironmentForm } from './environment-form.tsx';

/** One environment. */
export function EnvironmentPage() {
  const { id = '' } = useParams();
  const [asked, setAsked] = useState<'archive' | 'delete' | null>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const environment = useQuery({
    queryKey: ['environment', id],
    queryFn: () => client.beta.environments.retrieve(id),
  });
  const end = useMutation({
    mutationFn: async (how: 'archive' | 'delete') => {
      await client.beta.environments[how](id);
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['environments'] });
      void navigate('/environments');
    },
  });
  if (environment.isPending) return <Loading />;
  if (environment.error) {
    return (
      <Page title="Environment">
        <Problem error={environment.error} />
      </Page>
    );
  }
  return (
    <Page
      title={environment.data.name}
      lead={
        <Link
          to="/environments"
          className="icon-button"
          aria-label="All environments"
          title="All environments"
        >
          <ArrowLeft size={16} aria-hidden="true" />
        </Link>
      }
      actions={
        <>
          {environment.data.archived_at === null && (
            <Button onClick={() => setAsked('archive')}>
              <Archive size={16} aria-hidden="true" /> Archive
            </Button>
          )}
          <Button onClick={() => setAsked('delete')}>
            <Trash2 size={16} aria-hidden="true" /> Delete
          </Button>
        </>
      }
    >
      {end.error && <Problem error={end.error} />}
      <section className="panel" aria-label="Settings">
        <p className="quiet panel-id">
          <code>{id}</code>
          {environment.data.archived_at !== null && ` · archived ${fullTime(environment.data.archived_at)}`}
        </p>
        {environment.data.config.type === 'cloud' ? (
          <EnvironmentForm environment={environment.data} onDone={() => undefined} />
        ) : (
          <p>A self-hosted environment: its sandboxes are run by your own workers.</p>
        )}
      </section>
      <Confirm
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        title={asked === 'delete' ? 'Delete this environment?' : 'Archive this environment?'}
        description={
          asked === 'delete'
            ? 'That is possible only when no session uses it.'
            : 'No session can be started in it any more.'
        }
        action={asked === 'delete' ? 'Delete' : 'Archive'}
        onConfirm={() => end.mutate(asked ?? 'archive')}
      />
    </Page>
  );
}
