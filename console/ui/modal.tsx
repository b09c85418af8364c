import { Dialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  /** Wide ones are for forms with much to fill in. */
  width?: 'normal' | 'wide';
  children: ReactNode;
}

/** A dialog over the page. Escape and a click beside it close it; the focus comes back to where it was. */
export function Modal({ isOpen, onClose, title, description, width = 'normal', children }: Props) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="modal-backdrop" />
        <Dialog.Popup className="modal" data-width={width}>
          <header className="modal-header">
            <Dialog.Title className="modal-title">
              <ShortText text={title} />
            </Dialog.Title>
            <Dialog.Close className="icon-button" aria-label="Close">
              <X size={16} aria-hidden="true" />
            </Dialog.Close>
          </header>
          {description !== undefined && (
            <Dialog.Description className="modal-description">
              <ShortText text={description} />
            </Dialog.Description>
          )}
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
