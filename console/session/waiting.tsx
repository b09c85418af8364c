import type { ToolCall } from '../transcript/transcript-item.ts';
import { Approval } from './approval.tsx';
import { CustomResult } from './custom-result.tsx';

/** The first of the calls that wait for a person, and how many follow. */
export function Waiting({ calls }: { calls: readonly ToolCall[] }) {
  const [call] = calls;
  return (
    <div aria-live="polite" className="waiting-place">
      {call !== undefined && (
        <section className="waiting" aria-label="The agent waits for you">
          {calls.length > 1 && <p className="waiting-count">1 of {calls.length} calls that wait for you</p>}
          {call.state === 'asks' ? (
            <Approval key={call.use.id} call={call} others={calls.slice(1)} />
          ) : (
            <CustomResult key={call.use.id} call={call} />
          )}
        </section>
      )}
    </div>
  );
}
