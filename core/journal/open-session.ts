import { isBusy } from './busy.ts';
import { callStates } from './call-states.ts';
import type { StepOutcome } from './outcome.ts';
import type { JournalView } from './view.ts';

/** The state that a run starts from after a loss, a restored database or a reset. Reads only. */
export function openSession(view: JournalView): Extract<StepOutcome, { kind: 'opened' }> {
  return {
    kind: 'opened',
    step: view.thread.step,
    busy: isBusy(view),
    calls: callStates(view.calls),
    arrived: view.head.lastArrival,
  };
}
