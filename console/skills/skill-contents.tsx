import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { MarkdownText } from '../text/markdown.tsx';
import { Revealed } from '../text/revealed.tsx';
import { Loading } from '../ui/loading.tsx';
import { Problem } from '../ui/problem.tsx';
import { readSkill, type SkillFile } from './read-skill.ts';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';

/** The files of a version: `SKILL.md` as it reads, everything else as it is. */
export function SkillContents({ skillId, version }: { skillId: string; version: string }) {
  const files = useQuery({
    queryKey: ['skill-files', skillId, version],
    staleTime: Infinity,
    queryFn: () => readSkill(skillId, version),
  });
  const [path, setPath] = useState('SKILL.md');
  if (files.isPending) return <Loading />;
  if (files.error) return <Problem error={files.error} onRetry={() => void files.refetch()} />;
  const shown = files.data.find((file) => file.path === path) ?? files.data[0];
  return (
    <div className="skill-contents">
      <ul className="skill-files" aria-label="Files">
        {files.data.map((file) => (
          <li key={file.path}>
            <button
              type="button"
              className="link-button"
              aria-current={file.path === shown?.path}
              onClick={() => setPath(file.path)}
            >
              <ShortText text={file.path} />
            </button>
          </li>
        ))}
      </ul>
      {shown !== undefined && <FileText file={shown} />}
    </div>
  );
}

function FileText({ file: { path, text } }: { file: SkillFile }) {
  if (text === null) return <p className="quiet">This file is no text.</p>;
  if (path.endsWith('.md')) {
    const body = text.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '');
    return <MarkdownText text={body} />;
  }
  return (
    // A region that scrolls must be reachable by keyboard.
    <pre className="file-text" tabIndex={0} role="group" aria-label={spelled(path)}>
      <Revealed text={text} />
    </pre>
  );
}
