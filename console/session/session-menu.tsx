import { Menu } from '@base-ui/react/menu';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Archive, Ellipsis, Pencil, Trash2, Wallet } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Modal } from '../ui/modal.tsx';
import { Problem } from '../ui/problem.tsx';
import { ChangeBudget } from './change-budget.tsx';
import { RenameSession } from './rename-session.tsx';

type Asked = 'rename' | 'budget' | 'archive' | 'delete' | null;

/** Rename, archive, delete. */
export function SessionMenu({ session }: { session: Session }) {
  const [asked, setAsked] = useState<Asked>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const close = () => setAsked(null);
  const archive = useMutation({
    mutationFn: () => client.beta.sessions.archive(session.id),
    onSuccess: () => queries.invalidateQueries(),
  });
  const remove = useMutation({
    mutationFn: () => client.beta.sessions.delete(session.id),
    onSuccess: async () => {
      void navigate('/sessions');
      await queries.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const error = archive.error ?? remove.error;
  return (
    <>
      <Menu.Root>
        <Menu.Trigger className="icon-button" aria-label="More" title="More">
          <Ellipsis size={16} aria-hidden="true" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className="popup-positioner" sideOffset={4} align="end">
            <Menu.Popup className="popup">
              <Menu.Item className="popup-item" onClick={() => setAsked('rename')}>
                <Pencil size={14} aria-hidden="true" /> Rename
              </Menu.Item>
              {session.budget !== null && (
                <Menu.Item className="popup-item" onClick={() => setAsked('budget')}>
                  <Wallet size={14} aria-hidden="true" /> Change the budget
                </Menu.Item>
              )}
              <Menu.Item
                className="popup-item"
                disabled={session.archived_at !== null}
                onClick={() => setAsked('archive')}
              >
                <Archive size={14} aria-hidden="true" /> Archive
              </Menu.Item>
              <Menu.Item className="popup-item" data-danger onClick={() => setAsked('delete')}>
                <Trash2 size={14} aria-hidden="true" /> Delete
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <Modal isOpen={asked === 'rename'} onClose={close} title="Rename the session">
        <RenameSession session={session} onDone={close} />
      </Modal>
      <Modal isOpen={asked === 'budget'} onClose={close} title="Change the budget">
        <ChangeBudget session={session} onDone={close} />
      </Modal>
      <Confirm
        isOpen={asked === 'archive'}
        onClose={close}
        title="Archive this session?"
        description="It ends and takes no more messages. Its log stays readable."
        action="Archive"
        onConfirm={() => archive.mutate()}
      />
      <Confirm
        isOpen={asked === 'delete'}
        onClose={close}
        title="Delete this session?"
        description="Its log, its files and its sandbox go for good."
        action="Delete"
        onConfirm={() => remove.mutate()}
      />
      <Modal
        isOpen={error !== null}
        onClose={() => {
          archive.reset();
          remove.reset();
        }}
        title="That did not work"
      >
        <Problem error={error} />
      </Modal>
    </>
  );
}
