import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, Download, Trash2, Upload } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { fullTime } from '../format/age.ts';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Loading } from '../ui/loading.tsx';
import { Modal } from '../ui/modal.tsx';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { SkillContents } from './skill-contents.tsx';
import { SkillUpload } from './skill-upload.tsx';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';

/** One skill: its versions, and what is in them. */
export function SkillPage() {
  const { id = '' } = useParams();
  const [isNew, setNew] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const [wanted, setWanted] = useState<string | null>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const skill = useQuery({ queryKey: ['skill', id], queryFn: () => client.beta.skills.retrieve(id) });
  const versions = useQuery({
    queryKey: ['skill-versions', id],
    queryFn: () => allPages(client.beta.skills.versions.list(id, { limit: 100 })),
  });
  const remove = useMutation({
    mutationFn: () => client.beta.skills.delete(id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['skills'] });
      void navigate('/skills');
    },
  });
  if (skill.isPending || versions.isPending) return <Loading />;
  if (skill.error || versions.error) {
    return (
      <Page title="Skill">
        <Problem error={skill.error ?? versions.error} />
      </Page>
    );
  }
  const isOwn = skill.data.source.type === 'custom';
  const shown =
    versions.data.find((version) => version.id === wanted) ??
    versions.data.find((version) => version.id === skill.data.latest_version_id) ??
    versions.data[0];
  return (
    <Page
      title={skill.data.display_name}
      lead={
        <Link to="/skills" className="icon-button" aria-label="All skills" title="All skills">
          <ArrowLeft size={16} aria-hidden="true" />
        </Link>
      }
      actions={
        isOwn && (
          <>
            <Button look="primary" onClick={() => setNew(true)}>
              <Upload size={16} aria-hidden="true" /> New version
            </Button>
            <Button onClick={() => setAsked(true)}>
              <Trash2 size={16} aria-hidden="true" /> Delete
            </Button>
          </>
        )
      }
    >
      {remove.error && <Problem error={remove.error} />}
      <div className="columns">
        <section className="panel" aria-label="Contents">
          {shown !== undefined && (
            <>
              <p className="skill-about">
                <code>
                  /<ShortText text={shown.name} />
                </code>{' '}
                <ShortText text={shown.description} />
              </p>
              <SkillContents key={shown.id} skillId={id} version={shown.id} />
            </>
          )}
        </section>
        <aside className="panel" aria-label="Versions">
          <h2>Versions</h2>
          <ul className="plain-list">
            {versions.data.map((version) => (
              <li key={version.id} className="version">
                <button
                  type="button"
                  className="link-button"
                  aria-current={version.id === shown?.id}
                  onClick={() => setWanted(version.id)}
                >
                  {version.id}
                </button>
                <span className="quiet">{fullTime(version.created_at)}</span>
                <a
                  className="icon-button"
                  href={`/v1/skills/${encodeURIComponent(id)}/versions/${encodeURIComponent(version.id)}/content`}
                  download={`${spelled(version.name)}.zip`}
                  aria-label={`Download version ${version.id}`}
                  title="Download"
                >
                  <Download size={14} aria-hidden="true" />
                </a>
              </li>
            ))}
          </ul>
        </aside>
      </div>
      <Modal isOpen={isNew} onClose={() => setNew(false)} title="Upload a new version">
        <SkillUpload skillId={id} onDone={() => setNew(false)} />
      </Modal>
      <Confirm
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        title="Delete this skill?"
        description="All its versions go for good. Sessions that have it keep it."
        action="Delete"
        onConfirm={() => remove.mutate()}
      />
    </Page>
  );
}
