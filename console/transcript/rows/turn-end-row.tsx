import { clockTime, fullTime } from '../../format/age.ts';
import { cost } from '../../format/cost.ts';
import type { EventOf } from '../../service/wire.ts';
import { Revealed } from '../../text/revealed.tsx';

interface Props {
  event: EventOf<'session.status_idle'>;
  usage: EventOf<'session.usage'> | null;
}

/** Why the agent rests, and what the session has cost so far. */
export function TurnEndRow({ event, usage }: Props) {
  const { words, tone } = reasonOf(event);
  const price = cost(usage?.usage.list_cost);
  return (
    <p className="turn-end" data-tone={tone}>
      <span>
        <Revealed text={words} />
      </span>
      {price !== null && <span title="Cost of the session so far, at list prices">{price}</span>}
      <time dateTime={event.processed_at} title={fullTime(event.processed_at)}>
        {clockTime(event.processed_at)}
      </time>
    </p>
  );
}

function reasonOf({ stop_reason: reason, stop_details: details }: EventOf<'session.status_idle'>): {
  words: string;
  tone: 'plain' | 'warning' | 'bad';
} {
  switch (reason.type) {
    case 'end_turn':
      return { words: 'Done', tone: 'plain' };
    case 'requires_action': {
      const count = reason.event_ids.length;
      return { words: `Asked for ${count === 1 ? 'an answer' : `${count} answers`}`, tone: 'warning' };
    }
    case 'retries_exhausted':
      return { words: 'Gave up after several attempts', tone: 'bad' };
    case 'budget_reached':
      return { words: 'The budget is used up', tone: 'warning' };
    case 'refusal':
      return {
        words: `The model refused${details?.explanation ? `: ${details.explanation}` : ''}`,
        tone: 'warning',
      };
    default: {
      const unknown: { type: string } = reason;
      return { words: `Rests: ${unknown.type}`, tone: 'plain' };
    }
  }
}
