import type { CallRef } from './outcome.ts';
import type { CallView } from './view.ts';

/** The state of every call without a result. A call whose row was opened is run on: its attempt re-attaches. */
export function callStates(calls: readonly CallView[]): CallRef[] {
  return calls.map((call) => ({ id: call.id, state: stateOf(call), label: call.label }));
}

function stateOf(call: CallView): CallRef['state'] {
  if (call.kind === 'run' || call.row !== null) return 'run';
  if (call.kind === 'custom') return 'custom';
  if (call.answer === null) return 'ask';
  return call.answer === 'allow' ? 'run' : 'denied';
}

/** Calls that wait for a person or for the client: asked or custom, with no stored answer. */
export function unanswered(calls: readonly CallView[]): CallView[] {
  return calls.filter((call) => {
    const state = stateOf(call);
    return state === 'ask' || state === 'custom';
  });
}
