import type { Session } from '../service/wire.ts';

const WORDS = {
  idle: 'Idle',
  running: 'Running',
  rescheduling: 'Retrying',
  terminated: 'Ended',
  waiting: 'Needs you',
} as const;

/** A session's state in one word. `waiting` is idle with a question for a person. */
export function StatusBadge({ status }: { status: Session['status'] | 'waiting' }) {
  return (
    <span className="badge" data-status={status}>
      <span className="badge-dot" aria-hidden="true" />
      {WORDS[status]}
    </span>
  );
}
