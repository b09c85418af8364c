import type { ActivityDependencies } from './dependencies.ts';
import { withAttempt } from './attempt-context.ts';

/** Ends a sealed tool call that may still run, or leaves the record that keeps it from starting. Idempotent. */
export function createKill(deps: ActivityDependencies) {
  return async (input: { sessionId: string; toolUseId: string }): Promise<null> =>
    withAttempt(deps.worker, async () => {
      const { workspaceId, environmentId } = await deps.journal.setup(input.sessionId);
      await deps.runner.kill({ ...input, workspaceId, environmentId });
      return null;
    });
}
