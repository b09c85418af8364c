import { Clock, UserRound } from 'lucide-react';
import { ContentBlocks } from '../../text/content-blocks.tsx';
import type { EventOf } from '../../service/wire.ts';

interface Props {
  event: EventOf<'user.message'> | EventOf<'system.message'>;
  isQueued: boolean;
}

/** What a person, or the program that they use, said to the agent. */
export function SaidRow({ event, isQueued }: Props) {
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
    </div>
  );
}
