import type { AgentTools } from '../core/session/permission.ts';
import type { AttachedFile, SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import { toolConfigOf, type ToolRegistry } from './registry.ts';
import { failed } from './tool.ts';
import type { ToolCall, ToolRunner } from './tool-runner.ts';

export interface SandboxToolRunnerDeps {
  driver: Pick<SandboxDriver, 'open'>;
  registry: ToolRegistry;
  /** The files that are attached to the session now. */
  attachmentsOf(spec: SandboxSpec): Promise<AttachedFile[]>;
  /** The tools of the session's agent, as configured. */
  toolsOf(spec: SandboxSpec): Promise<AgentTools>;
  /** Called after each call that ended, since it may have left files for the user. */
  onCallEnded(spec: SandboxSpec): void;
}

/** Runs built-in tools: in the session's sandbox, each under its tool-use id, or, those of the web, in this process. */
export function createSandboxToolRunner(deps: SandboxToolRunnerDeps): ToolRunner {
  const { driver, registry } = deps;
  return {
    async run(call, mode, signal) {
      const tool = registry.find(call.name);
      if (!tool) return failed(`There is no tool named "${call.name}".`);
      const spec = specOf(call);
      if (tool.runs === 'host') {
        const config = toolConfigOf(await deps.toolsOf(spec), tool.name);
        return tool.execute(call.input, { spec, toolUseId: call.toolUseId, config }, signal);
      }
      const asked = tool.toOperation(call.input);
      if ('problem' in asked) return failed(asked.problem);
      const sandbox = driver.open(spec);
      await sandbox.files.attach(await deps.attachmentsOf(spec));
      const outcome = await sandbox.call({ id: call.toolUseId, operation: asked.operation }, mode, signal);
      deps.onCallEnded(spec);
      if (outcome.state === 'lost') {
        const text = `The outcome of this call is unknown: ${outcome.reason} It may have run in part, in whole, or not at all. Check before you repeat it.`;
        return { ...failed(text), lost: true };
      }
      return tool.toResult(outcome.result);
    },
    async kill(call) {
      await driver.open(specOf(call)).kill(call.toolUseId);
    },
  };
}

function specOf(call: Pick<ToolCall, 'workspaceId' | 'sessionId' | 'environmentId'>) {
  const { workspaceId, sessionId, environmentId } = call;
  return { workspaceId, sessionId, environmentId };
}
