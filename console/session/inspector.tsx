import { Tabs } from '@base-ui/react/tabs';
import { X } from 'lucide-react';
import type { FeedSnapshot } from '../feed/session-feed.ts';
import type { Session } from '../service/wire.ts';
import { IconButton } from '../ui/icon-button.tsx';
import { EventList } from './event-list.tsx';
import { SessionDetails } from './session-details.tsx';
import { SessionFiles } from './session-files.tsx';
import { ToolStatistics } from './tool-statistics.tsx';

interface Props {
  session: Session;
  log: FeedSnapshot;
  onClose: () => void;
}

const TABS = [
  ['details', 'Details'],
  ['files', 'Files'],
  ['tools', 'Tools'],
  ['events', 'Events'],
] as const;

/** Everything about a session beside its conversation. */
export function Inspector({ session, log, onClose }: Props) {
  return (
    <aside className="inspector" aria-label="Details of the session">
      <Tabs.Root defaultValue="details" className="tabs">
        <div className="tabs-bar">
          <Tabs.List className="tabs-list">
            {TABS.map(([value, label]) => (
              <Tabs.Tab key={value} value={value} className="tab">
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <IconButton icon={X} label="Close the details" onClick={onClose} />
        </div>
        <Tabs.Panel value="details" className="tab-panel">
          <SessionDetails session={session} />
        </Tabs.Panel>
        <Tabs.Panel value="files" className="tab-panel">
          <SessionFiles session={session} />
        </Tabs.Panel>
        <Tabs.Panel value="tools" className="tab-panel">
          <ToolStatistics log={log} />
        </Tabs.Panel>
        <Tabs.Panel value="events" className="tab-panel">
          <EventList log={log} sessionId={session.id} />
        </Tabs.Panel>
      </Tabs.Root>
    </aside>
  );
}
