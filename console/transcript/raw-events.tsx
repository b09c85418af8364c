import { Revealed } from '../text/revealed.tsx';
import type { SessionEvent } from '../service/wire.ts';
import { CopyButton } from '../ui/copy-button.tsx';

/** Events as the API shows them. */
export function RawEvents({ events }: { events: readonly SessionEvent[] }) {
  const json = events.map((event) => JSON.stringify(event, null, 2)).join('\n');
  return (
    <div className="code-block">
      <CopyButton text={json} label="Copy the JSON" />
      {/* A region that scrolls must be reachable by keyboard. */}
      <pre className="raw-events" tabIndex={0} role="group" aria-label="Raw events">
        <Revealed text={json} />
      </pre>
    </div>
  );
}
