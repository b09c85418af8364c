import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/problem.tsx';
import { TextField } from '../ui/text-field.tsx';

/** Gives a session another title. */
export function RenameSession({ session, onDone }: { session: Session; onDone: () => void }) {
  const [title, setTitle] = useState(session.title ?? '');
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () =>
      client.beta.sessions.update(session.id, { title: title.trim() === '' ? null : title.trim() }),
    onSuccess: async (changed) => {
      queries.setQueryData(['session', session.id], changed);
      onDone();
      await queries.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <TextField label="Title" maxLength={1_024} value={title} onChange={setTitle} />
      {rename.error !== null && <Problem error={rename.error} />}
      <div className="modal-actions">
        <Button type="submit" look="primary" disabled={rename.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
