import { ArrowLeft, ExternalLink, PanelRight } from 'lucide-react';
import { Link } from 'react-router';
import { useConsoleSession } from '../app/use-console-session.ts';
import { cost } from '../format/cost.ts';
import { tokens } from '../format/tokens.ts';
import type { Session } from '../service/wire.ts';
import { sessionName, sessionTokens } from '../sessions/session-words.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { SessionMenu } from './session-menu.tsx';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  session: Session;
  isWaiting: boolean;
  isInspected: boolean;
  onInspect: () => void;
}

/** What the session is, how it is, and what can be done with it as a whole. */
export function SessionHeader({ session, isWaiting, isInspected, onInspect }: Props) {
  const { temporal_runs: runs } = useConsoleSession();
  const { read, written } = sessionTokens(session);
  const price = cost(session.usage.list_cost);
  return (
    <header className="session-header">
      <Link to="/sessions" className="icon-button" aria-label="All sessions" title="All sessions">
        <ArrowLeft size={16} aria-hidden="true" />
      </Link>
      <div className="session-heading">
        <h1 title={session.id}>
          <ShortText text={sessionName(session)} />
        </h1>
        <p className="session-facts">
          <Link to={`/agents/${session.agent.id}`}>
            <ShortText text={session.agent.name} />
          </Link>
          <span>
            <ShortText text={session.agent.model.id} />
          </span>
          <span title={`${read} tokens read, ${written} written`}>
            {tokens(read)} → {tokens(written)} tokens
          </span>
          {price !== null && <span>{price}</span>}
        </p>
      </div>
      <StatusBadge status={isWaiting && session.status !== 'terminated' ? 'waiting' : session.status} />
      <div className="session-actions">
        {runs !== null && (
          <a
            className="icon-button"
            href={`${runs}${session.id}`}
            target="_blank"
            rel="noreferrer"
            aria-label="The run in the Temporal UI"
            title="The run in the Temporal UI"
          >
            <ExternalLink size={16} aria-hidden="true" />
          </a>
        )}
        <span className="desktop-only">
          <CopyButton
            kind="link"
            label="Copy the link to this session"
            text={window.location.href.split('?')[0] ?? ''}
          />
        </span>
        <SessionMenu session={session} />
        <IconButton
          icon={PanelRight}
          label="Details, files and events"
          aria-pressed={isInspected}
          onClick={onInspect}
        />
      </div>
    </header>
  );
}
