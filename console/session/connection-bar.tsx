import type { Connection } from '../feed/session-feed.ts';
import { ShortText } from '../text/short-text.tsx';

/** Says when what is shown may be behind. Nothing while all is well. */
export function ConnectionBar({ connection }: { connection: Connection }) {
  return (
    <div role="status" className="connection" data-state={connection.state}>
      {connection.state === 'reconnecting' && (
        <>
          <span className="spinner" aria-hidden="true" />
          {`Connection lost. Reconnecting${connection.attempt > 1 ? `, attempt ${connection.attempt}` : ''} …`}
        </>
      )}
      {connection.state === 'failed' && <ShortText text={`Not live any more: ${connection.message}`} />}
    </div>
  );
}
