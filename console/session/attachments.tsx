import { FileText, X } from 'lucide-react';
import { bytes } from '../format/bytes.ts';
import { problemText } from '../service/problem-text.ts';
import { IconButton } from '../ui/icon-button.tsx';
import type { Attachment } from './attachment.ts';
import type { AttachmentList } from './use-attachments.ts';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';

/** The files of the next message. */
export function Attachments({ attachments }: { attachments: AttachmentList }) {
  if (attachments.all.length === 0) return null;
  return (
    <ul className="attachments" aria-label="Attachments">
      {attachments.all.map((one) => (
        <li key={one.key} className="attachment" data-step={one.state.step}>
          {one.preview === null ? (
            <FileText size={18} aria-hidden="true" />
          ) : (
            <img src={one.preview} alt="" />
          )}
          <span className="attachment-name" title={spelled(one.name)}>
            <ShortText text={one.name} />
          </span>
          <span className="quiet">
            <ShortText text={noteOf(one)} />
          </span>
          <IconButton icon={X} label={`Remove ${one.name}`} onClick={() => attachments.remove([one.key])} />
        </li>
      ))}
    </ul>
  );
}

function noteOf({ state, size }: Attachment): string {
  if (state.step === 'uploading') return 'uploading …';
  return state.step === 'ready' ? bytes(size) : problemText(state.error);
}
