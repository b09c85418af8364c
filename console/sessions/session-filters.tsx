import { Search } from 'lucide-react';
import type { Agent } from '../service/wire.ts';
import { Choice, type Option } from '../ui/choice.tsx';
import type { SessionFilter } from './use-sessions.ts';

const STATUSES: Option<SessionFilter['status']>[] = [
  { value: 'any', label: 'Any' },
  { value: 'running', label: 'Running' },
  { value: 'idle', label: 'Idle' },
  { value: 'rescheduling', label: 'Retrying' },
  { value: 'terminated', label: 'Ended' },
];

interface Props {
  filter: SessionFilter;
  onFilter: (change: Partial<SessionFilter>) => void;
  search: string;
  onSearch: (search: string) => void;
  agents: readonly Agent[];
}

/** What narrows the list of sessions. */
export function SessionFilters({ filter, onFilter, search, onSearch, agents }: Props) {
  return (
    <div className="filters" role="search">
      <label className="search">
        <Search size={16} aria-hidden="true" />
        <input
          type="search"
          placeholder="Search title, agent, model, id, metadata"
          aria-label="Search sessions"
          data-slash
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
      </label>
      <Choice
        look="filter"
        label="Status"
        value={filter.status}
        options={STATUSES}
        onChange={(status) => onFilter({ status })}
      />
      <Choice
        look="filter"
        label="Agent"
        value={filter.agentId}
        options={[{ value: '', label: 'Any' }, ...agents.map(({ id, name }) => ({ value: id, label: name }))]}
        onChange={(agentId) => onFilter({ agentId })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={filter.isArchivedShown}
          onChange={(event) => onFilter({ isArchivedShown: event.target.checked })}
        />
        Archived
      </label>
    </div>
  );
}
