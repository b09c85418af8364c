import { Link } from 'react-router';
import { useConsoleSession } from '../app/use-console-session.ts';
import { fullTime } from '../format/age.ts';
import { cost } from '../format/cost.ts';
import { duration } from '../format/duration.ts';
import type { Session } from '../service/wire.ts';
import { Facts } from '../ui/facts.tsx';
import { SessionSkills } from './session-skills.tsx';
import { ShortText } from '../text/short-text.tsx';

/** What the session is and what it used. */
export function SessionDetails({ session }: { session: Session }) {
  const { usage, stats, agent, metadata } = session;
  const { temporal_runs: runs } = useConsoleSession();
  const count = (value: number | null | undefined) => (value ?? 0).toLocaleString('en');
  return (
    <>
      <Facts
        facts={[
          ['Id', <code key="id">{session.id}</code>],
          [
            'Agent',
            <Link key="agent" to={`/agents/${agent.id}`}>
              <ShortText text={agent.name} />, version {agent.version}
            </Link>,
          ],
          ['Model', agent.model.id],
          [
            'Environment',
            <Link key="environment" to={`/environments/${session.environment_id}`}>
              {session.environment_id}
            </Link>,
          ],
          ['Created', fullTime(session.created_at)],
          ['Changed', fullTime(session.updated_at)],
          ...(session.archived_at === null ? [] : ([['Archived', fullTime(session.archived_at)]] as const)),
          [
            'Run',
            runs === null ? null : (
              <a key="run" href={`${runs}${session.id}`} target="_blank" rel="noreferrer">
                Open in the Temporal UI
              </a>
            ),
          ],
        ]}
      />
      <h2 className="inspector-title">Usage</h2>
      <Facts
        facts={[
          ['Cost at list prices', cost(usage.list_cost) ?? 'The model has no price'],
          ['Budget', cost(session.budget?.max_list_cost)],
          ['Input tokens', count(usage.input_tokens)],
          ['Output tokens', count(usage.output_tokens)],
          ['Read from the cache', count(usage.cache_read_input_tokens)],
          [
            'Written to the cache',
            count(
              (usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) +
                (usage.cache_creation?.ephemeral_1h_input_tokens ?? 0),
            ),
          ],
          ['Active', duration((stats.active_seconds ?? 0) * 1_000)],
        ]}
      />
      <SessionSkills skills={agent.skills} />
      {Object.keys(metadata).length > 0 && (
        <>
          <h2 className="inspector-title">Metadata</h2>
          <Facts facts={Object.entries(metadata)} />
        </>
      )}
    </>
  );
}
