import type { BetaManagedAgentsUserMessageEventParams } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import { ArrowUp, Paperclip, Square } from 'lucide-react';
import { useRef, useState, type ClipboardEvent, type DragEvent } from 'react';
import { client } from '../service/client.ts';
import type { Session } from '../service/wire.ts';
import type { ToolCall } from '../transcript/transcript-item.ts';
import { Button } from '../ui/button.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { Problem } from '../ui/problem.tsx';
import { Attachments } from './attachments.tsx';
import { attachmentBlocks } from './attachment-blocks.ts';
import { MessageField } from './message-field.tsx';
import { useFirstMessage } from './use-first-message.ts';
import { useAttachments } from './use-attachments.ts';
import { useSend } from './use-send.ts';
import { Waiting } from './waiting.tsx';

interface Props {
  session: Session;
  isBusy: boolean;
  /** Whether the page hears what happens. */
  isLive: boolean;
  waiting: readonly ToolCall[];
}

/** Where a person writes, attaches, interrupts, and answers what the agent asks. */
export function Composer({ session, isBusy, isLive, waiting }: Props) {
  const [text, setText] = useState('');
  const [isOver, setOver] = useState(false);
  const [isPreparing, setPreparing] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const picker = useRef<HTMLInputElement>(null);
  const placed = useRef(new Map<string, string>());
  const attachments = useAttachments();
  const message = useSend();
  const interrupt = useSend();
  const first = useFirstMessage(isLive);

  if (session.status === 'terminated') {
    return <p className="composer-ended">This session has ended. Its log stays readable.</p>;
  }
  const isHeld = waiting.length > 0 && !isBusy;
  const failure = problem ?? interrupt.error ?? first.error;
  const isSending = message.isPending || isPreparing;
  const canSend =
    (text.trim() !== '' || attachments.ready.length > 0) && !isSending && !attachments.isBusy && !isHeld;

  async function send(): Promise<void> {
    if (!canSend) return;
    const sent = attachments.ready;
    setProblem(null);
    if (attachments.failed.length > 0) {
      const names = attachments.failed.map(({ name }) => name).join(', ');
      setProblem(new Error(`Not sent: ${names} could not be uploaded. Remove it, or attach it again.`));
      return;
    }
    setPreparing(true);
    try {
      const blocks = await attachmentBlocks(client, session, sent, placed.current);
      const content: BetaManagedAgentsUserMessageEventParams['content'] = [
        ...(text.trim() === '' ? [] : [{ type: 'text' as const, text }]),
        ...blocks,
      ];
      await message.mutateAsync([{ type: 'user.message', content }]);
      // What was written or attached meanwhile is for the next message.
      setText((now) => (now === text ? '' : now));
      attachments.remove(sent.map(({ key }) => key));
    } catch (error) {
      setProblem(error);
    } finally {
      setPreparing(false);
    }
  }

  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    attachments.add(files);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    attachments.add([...event.dataTransfer.files]);
  };

  return (
    <div className="composer">
      <Waiting calls={waiting} />
      {failure !== null && <Problem error={failure} />}
      <form
        className="composer-box"
        data-over={isOver || undefined}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onPaste={onPaste}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <Attachments attachments={attachments} />
        <MessageField
          skills={session.agent.skills}
          text={text}
          onText={setText}
          onSend={() => void send()}
          onInterrupt={isBusy ? () => interrupt.mutate([{ type: 'user.interrupt' }]) : null}
          placeholder={placeholderFor(isHeld, isBusy)}
        />
        <div className="composer-actions">
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files to attach"
            onChange={(event) => {
              attachments.add([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
          <IconButton icon={Paperclip} label="Attach files" onClick={() => picker.current?.click()} />
          <span className="composer-hint desktop-only">
            <kbd>/</kbd> skills · <kbd>Enter</kbd> sends
          </span>
          <span className="composer-space" />
          {isBusy && (
            <Button
              size="small"
              look="danger"
              disabled={interrupt.isPending}
              onClick={() => interrupt.mutate([{ type: 'user.interrupt' }])}
            >
              <Square size={12} aria-hidden="true" /> Interrupt
            </Button>
          )}
          <Button type="submit" size="small" look="primary" disabled={!canSend} aria-label="Send">
            <ArrowUp size={16} aria-hidden="true" />
            <span className="desktop-only">{isBusy ? 'Queue' : 'Send'}</span>
          </Button>
        </div>
        {isOver && <div className="drop-here">Drop files to attach them</div>}
      </form>
    </div>
  );
}

function placeholderFor(isHeld: boolean, isBusy: boolean): string {
  if (isHeld) return 'Answer the question above first';
  return isBusy ? 'Write the next message; it is taken up when this turn is done' : 'Write to the agent';
}
