import { memo } from 'react';
import { Link } from 'react-router';
import { age, fullTime } from '../format/age.ts';
import { cost } from '../format/cost.ts';
import { tokens } from '../format/tokens.ts';
import type { Session } from '../service/wire.ts';
import { StatusBadge } from '../ui/status-badge.tsx';
import { sessionName, sessionTokens } from './session-words.ts';
import { useIsWaiting } from './use-is-waiting.ts';
import { ShortText } from '../text/short-text.tsx';

/** One line of the list of sessions. */
export const SessionRow = memo(function SessionRow({ session, now }: { session: Session; now: number }) {
  const isWaiting = useIsWaiting(session);
  const { read, written } = sessionTokens(session);
  return (
    <tr className="row" data-archived={session.archived_at !== null || undefined}>
      <td>
        <StatusBadge status={isWaiting ? 'waiting' : session.status} />
      </td>
      <td className="cell-main">
        <Link to={`/sessions/${session.id}`} className="row-link">
          <ShortText text={sessionName(session)} />
        </Link>
        <span className="cell-sub">{session.id}</span>
      </td>
      <td className="cell-wide">
        <ShortText text={session.agent.name} />
      </td>
      <td className="cell-wide cell-quiet">
        <ShortText text={session.agent.model.id} />
      </td>
      <td className="cell-number" title={`${read} read, ${written} written`}>
        {tokens(read + written)}
      </td>
      <td className="cell-number">{cost(session.usage.list_cost) ?? '–'}</td>
      <td className="cell-number cell-quiet" title={fullTime(session.created_at)}>
        {age(session.created_at, now)}
      </td>
    </tr>
  );
});
