import { useMutation, useQueryClient } from '@tanstack/react-query';
import { FolderUp, Upload } from 'lucide-react';
import { useRef } from 'react';
import { useNavigate } from 'react-router';
import { client } from '../service/client.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { namedFiles } from './named-files.ts';

interface Props {
  /** Null: a new skill; else a new version of this one. */
  skillId: string | null;
  onDone: () => void;
}

/** Takes a skill as a zip file or as a folder. */
export function SkillUpload({ skillId, onDone }: Props) {
  const zip = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const upload = useMutation({
    mutationFn: async (files: readonly File[]) => {
      const named = namedFiles(files);
      if (skillId === null) return (await client.beta.skills.create({ files: named })).id;
      await client.beta.skills.versions.create(skillId, { files: named });
      return skillId;
    },
    onSuccess: async (id) => {
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('skill'),
      });
      onDone();
      void navigate(`/skills/${id}`);
    },
  });
  const take = (input: HTMLInputElement) => {
    const files = [...(input.files ?? [])];
    if (files.length > 0) upload.mutate(files);
    input.value = '';
  };
  return (
    <div className="form">
      <input
        ref={zip}
        type="file"
        accept=".zip"
        hidden
        aria-label="Zip file of a skill"
        onChange={(event) => take(event.target)}
      />
      <input
        ref={(element) => {
          folder.current = element;
          // React knows no such property.
          if (element) element.webkitdirectory = true;
        }}
        type="file"
        multiple
        hidden
        aria-label="Folder of a skill"
        onChange={(event) => take(event.target)}
      />
      {upload.error && <Problem error={upload.error} />}
      <div className="upload-choices">
        <Button disabled={upload.isPending} onClick={() => zip.current?.click()}>
          <Upload size={16} aria-hidden="true" /> Choose a zip file
        </Button>
        <Button disabled={upload.isPending} onClick={() => folder.current?.click()}>
          <FolderUp size={16} aria-hidden="true" /> Choose a folder
        </Button>
      </div>
      {upload.isPending && <p role="status">Uploading …</p>}
    </div>
  );
}
