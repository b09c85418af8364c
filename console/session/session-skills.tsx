import { useQueries } from '@tanstack/react-query';
import { Link } from 'react-router';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { ShortText } from '../text/short-text.tsx';

/** The skills that the session was created with, and whether newer versions exist. */
export function SessionSkills({ skills }: { skills: Session['agent']['skills'] }) {
  const newest = useQueries({
    queries: skills.map(({ skill_id: id }) => ({
      queryKey: ['skill', id],
      queryFn: () => client.beta.skills.retrieve(id),
    })),
  });
  if (skills.length === 0) return null;
  return (
    <>
      <h2 className="inspector-title">Skills</h2>
      <ul className="plain-list">
        {skills.map(({ skill_id: id, version }, index) => {
          const latest = newest[index]?.data?.latest_version_id;
          return (
            <li key={id}>
              <Link to={`/skills/${id}`}>
                <ShortText text={newest[index]?.data?.display_name ?? id} />
              </Link>
              <span className="quiet">
                {' '}
                version {version}
                {latest && latest !== version && version !== 'latest' ? ' · a newer one exists' : ''}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
