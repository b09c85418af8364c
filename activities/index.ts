import { createCallModel } from './call-model.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createKill } from './kill.ts';
import { AppError } from '../core/errors.ts';
import { toFailure } from './failures.ts';
import { createOpenSession } from './open-session.ts';
import { createPlaceSession } from './place-session.ts';
import { createRunTool } from './run-tool.ts';
import { createSettle } from './settle.ts';

export type { ActivityDependencies } from './dependencies.ts';

/** What the brain does: it holds the provider keys. */
export function createBrainActivities(deps: ActivityDependencies) {
  return { callModel: createCallModel(deps), ...createControlActivities(deps) };
}

/** Of that, the short steps of the store. */
export function createControlActivities(deps: ActivityDependencies) {
  return {
    settle: createSettle(deps),
    openSession: createOpenSession(deps),
    placeSession: createPlaceSession(deps),
  };
}

/**
 * What a process without hands answers where tool calls reach it, before it is known which host has the session's sandbox: the workflow then
 * asks, and waits for one.
 */
export function createHandlessActivities() {
  const refuse = async (): Promise<never> => {
    throw toFailure(new AppError('wrong_host', 'This worker has no sandboxes (worker.role: brain).'));
  };
  return { runTool: refuse, kill: refuse };
}

/** What the hands do: they hold the sandboxes. */
export function createHandsActivities(deps: ActivityDependencies) {
  return { runTool: createRunTool(deps), kill: createKill(deps) };
}

export type Activities = ReturnType<typeof createBrainActivities> & ReturnType<typeof createHandsActivities>;
