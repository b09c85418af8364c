import { useQuery } from '@tanstack/react-query';
import { Download, FileText } from 'lucide-react';
import { bytes } from '../format/bytes.ts';
import { allPages } from '../service/all-pages.ts';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { Loading } from '../ui/loading.tsx';
import { Problem } from '../ui/problem.tsx';
import { spelled } from '../text/spelled.ts';
import { ShortText } from '../text/short-text.tsx';

/** What was put into the session and what it made. */
export function SessionFiles({ session }: { session: Session }) {
  const files = useQuery({
    queryKey: ['files', session.id, session.updated_at],
    queryFn: () => allPages(client.beta.files.list({ scope_id: session.id, limit: 1_000 })),
    refetchInterval: 10_000,
  });
  const mounted = new Map(
    session.resources.flatMap((resource) =>
      resource.type === 'file' ? [[resource.file_id, resource.mount_path]] : [],
    ),
  );
  if (files.isPending) return <Loading />;
  if (files.error) return <Problem error={files.error} onRetry={() => void files.refetch()} />;
  const made = files.data.filter(({ id }) => !mounted.has(id));
  return (
    <>
      <h2 className="inspector-title">Outputs</h2>
      {made.length === 0 && (
        <p className="quiet">What the agent writes to /mnt/session/outputs appears here.</p>
      )}
      <ul className="file-list">
        {made.map((file) => (
          <li key={file.id}>
            <FileText size={16} aria-hidden="true" />
            <span className="file-name">
              <ShortText text={file.filename} />
            </span>
            <span className="quiet">{bytes(file.size_bytes)}</span>
            {file.downloadable === true && (
              <a
                className="icon-button"
                href={`/v1/files/${encodeURIComponent(file.id)}/content`}
                download={spelled(file.filename)}
                aria-label={`Download ${spelled(file.filename)}`}
                title="Download"
              >
                <Download size={16} aria-hidden="true" />
              </a>
            )}
          </li>
        ))}
      </ul>
      <h2 className="inspector-title">Inputs</h2>
      {session.resources.length === 0 && <p className="quiet">Nothing is attached.</p>}
      <ul className="file-list">
        {session.resources.map((resource) => (
          <li key={resource.mount_path}>
            <FileText size={16} aria-hidden="true" />
            <span className="file-name">
              <ShortText text={resource.mount_path ?? resource.type} />
            </span>
            <span className="quiet">{resource.type.replaceAll('_', ' ')}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
