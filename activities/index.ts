import { createCallModel } from './call-model.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { createKill } from './kill.ts';
import { createOpenSession } from './open-session.ts';
import { createRunTool } from './run-tool.ts';
import { createSettle } from './settle.ts';

export type { ActivityDependencies } from './dependencies.ts';

/** What the brain does: it holds the provider keys. */
export function createBrainActivities(deps: ActivityDependencies) {
  return {
    callModel: createCallModel(deps),
    settle: createSettle(deps),
    openSession: createOpenSession(deps),
  };
}

/** What the hands do: they hold the sandboxes. */
export function createHandsActivities(deps: ActivityDependencies) {
  return { runTool: createRunTool(deps), kill: createKill(deps) };
}

export type Activities = ReturnType<typeof createBrainActivities> & ReturnType<typeof createHandsActivities>;
