import type { Decision } from '../../core/journal/decision.ts';
import type { JournalView } from '../../core/journal/view.ts';
import { attemptName } from './attempt-name.ts';
import { SESSION, type Attempt, type World } from './world.ts';

/** Runs a rule as the activities do: in a transaction with the attempt's epoch and row. */
export async function decide(
  world: World,
  attempt: Attempt,
  rowKey: string,
  rule: (view: JournalView) => Decision,
): Promise<Decision> {
  const { result } = await world.journal.transact(
    { sessionId: SESSION, epoch: attempt.epoch, rowKey, caller: 'activity' },
    (view) => {
      const decision = rule(view);
      return { writes: decision.writes, result: decision };
    },
  );
  return result;
}

/** What an attempt found goes to the workflow, if Temporal still waits for it. */
export function report(world: World, attempt: Attempt, decision: Decision): void {
  const name = attemptName(attempt);
  if (decision.kind === 'outcome' && attempt.current) {
    world.need(
      world.disturbed || decision.outcome.kind !== 'behind',
      `${name} is behind, though nothing was lost or reset`,
    );
    attempt.stage = 'reports';
    attempt.report = { outcome: decision.outcome, standing: decision.standing };
    return;
  }
  world.need(!attempt.current || decision.kind !== 'stale', `the current attempt ${name} is refused`);
  world.drop(attempt);
}
