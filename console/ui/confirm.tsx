import { AlertDialog } from '@base-ui/react/alert-dialog';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  description: string;
  /** The word on the button that does it. */
  action: string;
  onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ isOpen, onClose, title, description, action, onConfirm }: Props) {
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="modal-backdrop" />
        <AlertDialog.Popup className="modal">
          <AlertDialog.Title className="modal-title">
            <ShortText text={title} />
          </AlertDialog.Title>
          <AlertDialog.Description className="modal-description">
            <ShortText text={description} />
          </AlertDialog.Description>
          <div className="modal-actions">
            <AlertDialog.Close className="button" data-look="plain">
              Cancel
            </AlertDialog.Close>
            <AlertDialog.Close className="button" data-look="danger" onClick={onConfirm}>
              {action}
            </AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
