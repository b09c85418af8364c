import { Puzzle, Upload } from 'lucide-react';
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
import { SkillUpload } from './skill-upload.tsx';
import { useSkills } from './use-skills.ts';
import { ShortText } from '../text/short-text.tsx';

/** The list of skills. */
export function SkillsPage() {
  const skills = useSkills();
  const [isNew, setNew] = useState(false);
  const now = useNow();
  return (
    <Page
      title="Skills"
      actions={
        <Button look="primary" onClick={() => setNew(true)}>
          <Upload size={16} aria-hidden="true" /> Upload a skill
        </Button>
      }
    >
      {skills.isPending && <Loading />}
      {skills.error && <Problem error={skills.error} onRetry={() => void skills.refetch()} />}
      {skills.data?.length === 0 && <Empty icon={Puzzle} title="No skills yet." />}
      <ul className="cards">
        {skills.data?.map((skill) => (
          <li key={skill.id} className="card">
            <Link to={`/skills/${skill.id}`} className="card-link">
              <ShortText text={skill.display_name} />
            </Link>
            <p className="card-facts">
              <span>{skill.source.type === 'custom' ? 'yours' : 'built in'}</span>
              <span>{skill.id}</span>
              <span title={fullTime(skill.updated_at)}>changed {ago(skill.updated_at, now)}</span>
            </p>
          </li>
        ))}
      </ul>
      <Modal
        isOpen={isNew}
        onClose={() => setNew(false)}
        title="Upload a skill"
        description="A zip file, or a folder, with SKILL.md at its top."
      >
        <SkillUpload skillId={null} onDone={() => setNew(false)} />
      </Modal>
    </Page>
  );
}
