import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { Download, FileText, Trash2, Upload } from 'lucide-react';
import { useRef, useState } from 'react';
import { Link } from 'react-router';
import { age, fullTime } from '../format/age.ts';
import { bytes } from '../format/bytes.ts';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/empty.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { Loading } from '../ui/loading.tsx';
import { useNow } from '../ui/now.ts';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { spelled } from '../text/spelled.ts';
import { ShortText } from '../text/short-text.tsx';

/** All files of the workspace: uploaded ones and those that sessions made. */
export function FilesPage() {
  const picker = useRef<HTMLInputElement>(null);
  const [asked, setAsked] = useState<{ id: string; filename: string } | null>(null);
  const now = useNow();
  const files = useInfiniteQuery({
    queryKey: ['all-files'],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      client.beta.files.list({ limit: 100, ...(pageParam !== '' && { page: pageParam }) }),
    getNextPageParam: (last) => last.next_page ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  });
  const upload = useMutation({
    mutationFn: (chosen: readonly File[]) =>
      Promise.all(chosen.map((file) => client.beta.files.upload({ file }))),
    onSettled: () => files.refetch(),
  });
  const remove = useMutation({
    mutationFn: (id: string) => client.beta.files.delete(id),
    onSettled: () => files.refetch(),
  });
  const problem = files.error ?? upload.error ?? remove.error;
  return (
    <Page
      title="Files"
      actions={
        <Button look="primary" disabled={upload.isPending} onClick={() => picker.current?.click()}>
          <Upload size={16} aria-hidden="true" /> {upload.isPending ? 'Uploading …' : 'Upload files'}
        </Button>
      }
    >
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          upload.mutate([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      {problem && <Problem error={problem} />}
      {files.isPending && <Loading />}
      {files.data?.length === 0 && <Empty icon={FileText} title="No files yet." />}
      {files.data && files.data.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="cell-wide">
                From
              </th>
              <th scope="col" className="cell-number">
                Size
              </th>
              <th scope="col" className="cell-number">
                Age
              </th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {files.data.map((file) => (
              <tr key={file.id} className="row">
                <td className="cell-main">
                  <span className="file-name">
                    <ShortText text={file.filename} />
                  </span>
                  <span className="cell-sub">{file.id}</span>
                </td>
                <td className="cell-wide">
                  {file.scope ? <Link to={`/sessions/${file.scope.id}`}>a session</Link> : 'uploaded'}
                </td>
                <td className="cell-number">{bytes(file.size_bytes)}</td>
                <td className="cell-number" title={fullTime(file.created_at)}>
                  {age(file.created_at, now)}
                </td>
                <td className="cell-actions">
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
                  <IconButton
                    icon={Trash2}
                    label={`Delete ${file.filename}`}
                    onClick={() => setAsked(file)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {files.hasNextPage && (
        <p className="list-foot">
          <Button disabled={files.isFetchingNextPage} onClick={() => void files.fetchNextPage()}>
            Show more
          </Button>
        </p>
      )}
      <Confirm
        isOpen={asked !== null}
        onClose={() => setAsked(null)}
        title="Delete this file?"
        description={`${asked?.filename ?? ''} goes for good. Copies in sessions stay.`}
        action="Delete"
        onConfirm={() => remove.mutate(asked?.id ?? '')}
      />
    </Page>
  );
}
