import type { ToolResult, ToolRunner } from '../../tools/tool-runner.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { Residence } from './residence.ts';

/**
 * Runs tools where the session's sandbox is on this host: brings it here first where it was lost elsewhere, has what calls change saved
 * later, and tells the model of a move in the first result after it.
 */
export function createResidentToolRunner(
  runner: ToolRunner,
  residence: Pick<Residence, 'settle' | 'takeNotice'>,
  checkpointer: Pick<Checkpointer, 'began' | 'ended'>,
): ToolRunner {
  return {
    async run(call, mode, signal) {
      const { workspaceId, sessionId, environmentId } = call;
      const spec = { workspaceId, sessionId, environmentId };
      await residence.settle(spec);
      checkpointer.began(spec);
      let result: ToolResult;
      try {
        result = await runner.run(call, mode, signal);
      } finally {
        checkpointer.ended(spec);
      }
      const notice = await residence.takeNotice(sessionId, call.toolUseId);
      if (notice === null) return result;
      return { ...result, content: [{ type: 'text', text: notice }, ...result.content] };
    },
    kill: (call) => runner.kill(call),
  };
}
