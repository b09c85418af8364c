import { isAppError } from '../../core/errors.ts';
import type { ToolRunner } from '../../tools/tool-runner.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { Residence } from './residence.ts';

/** Runs tools where the session's sandbox is on this host: brings it here first where it was lost elsewhere, has what calls change saved later. */
export function createResidentToolRunner(
  runner: ToolRunner,
  residence: Pick<Residence, 'settle' | 'doubt'>,
  checkpointer: Pick<Checkpointer, 'began' | 'ended'>,
): ToolRunner {
  return {
    async run(call, mode, signal) {
      const { workspaceId, sessionId, environmentId } = call;
      const spec = { workspaceId, sessionId, environmentId };
      await residence.settle(spec);
      checkpointer.began(spec);
      try {
        return await runner.run(call, mode, signal);
      } catch (error) {
        if (isAppError(error) && error.code === 'sandbox_unavailable') residence.doubt(sessionId);
        throw error;
      } finally {
        checkpointer.ended(spec);
      }
    },
    kill: (call) => runner.kill(call),
  };
}
