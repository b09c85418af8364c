import { Clock, Puzzle, UserRound } from 'lucide-react';
import { ContentBlocks } from '../../text/content-blocks.tsx';
import type { EventOf } from '../../service/wire.ts';
import { Revealed } from '../../text/revealed.tsx';
import { skillNoteOf } from '../skill-note-of.ts';

interface Props {
  event: EventOf<'user.message'> | EventOf<'system.message'>;
  isQueued: boolean;
}

/** What a person, or the program that they use, said to the agent. */
export function SaidRow({ event, isQueued }: Props) {
  const note = skillNoteOf(event);
  return (
    <div className="said" data-queued={isQueued || undefined}>
      <p className="said-who">
        <UserRound size={14} aria-hidden="true" />
        {event.type === 'user.message' ? 'You' : 'System'}
        {isQueued && (
          <span className="said-queued">
            <Clock size={12} aria-hidden="true" /> waiting for its turn
          </span>
        )}
      </p>
      <ContentBlocks content={event.content} look="plain" />
      {note !== null && (
        <p className="said-note">
          <Puzzle size={13} aria-hidden="true" /> <Revealed text={note} />
        </p>
      )}
    </div>
  );
}
