import type { SessionError } from '../core/journal/session-error.ts';
import type { AgentTools } from '../core/session/permission.ts';
import type { AttachedFile, SandboxDriver, SandboxSpec } from '../providers/sandbox/sandbox.ts';
import type { HostProbe } from '../providers/sandbox/watch-probe.ts';
import type { RepositoryPlacer } from './place-repositories.ts';
import type { RepositorySkills } from './repository-skills.ts';
import { toolConfigOf, type ToolRegistry } from './registry.ts';
import { attachWhatFits } from './attach-what-fits.ts';
import { failed } from './tool.ts';
import type { ToolCall, ToolResult, ToolRunner } from './tool-runner.ts';

export interface SandboxToolRunnerDeps {
  driver: Pick<SandboxDriver, 'open'>;
  registry: ToolRegistry;
  host: Pick<HostProbe, 'problem'>;
  /** The files that are attached to the session now. */
  attachmentsOf(spec: SandboxSpec): Promise<AttachedFile[]>;
  repositories: RepositoryPlacer;
  repositorySkills: RepositorySkills;
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
      // A call that was started began on what its first attempt had placed; one that was only announced goes on with the placing.
      const isFresh = mode === 'start' || (await sandbox.isAnnounced(call.toolUseId));
      const problem = isFresh ? await deps.host.problem() : undefined;
      if (problem !== undefined) return failed(`The tool cannot be used. ${problem}`);
      if (isFresh) await sandbox.announce(call.toolUseId);
      const files = await deps.attachmentsOf(spec);
      const errors = isFresh ? await deps.repositories.place(sandbox, files, signal) : [];
      const inTheWay = await attachWhatFits(sandbox, files);
      const found = await deps.repositorySkills.note(sandbox, call.toolUseId, signal);
      const calling = sandbox.call({ id: call.toolUseId, operation: asked.operation }, mode, signal);
      const outcome = await calling.catch((error: unknown) => {
        if (found !== null) deps.repositorySkills.untold(spec.sessionId, found);
        throw error;
      });
      deps.onCallEnded(spec);
      if (outcome.state === 'lost') {
        const text = `The outcome of this call is unknown: ${outcome.reason} It may have run in part, in whole, or not at all. Check before you repeat it.`;
        return { ...withNotes(failed(text), errors, inTheWay, found), lost: true };
      }
      return withNotes(tool.toResult(outcome.result), errors, inTheWay, found);
    },
    async kill(call) {
      await driver.open(specOf(call)).kill(call.toolUseId);
    },
  };
}

/** Tells the model too what clients are told, and which skills its repositories brought. */
function withNotes(
  result: ToolResult,
  errors: readonly SessionError[],
  ...more: readonly (string | null)[]
): ToolResult {
  const said = [...errors.map(({ message }) => `[${message}]`), ...more.filter((text) => text !== null)];
  if (said.length === 0) return result;
  const notes = said.map((text) => ({ type: 'text' as const, text }));
  return { ...result, content: [...notes, ...result.content], ...(errors.length === 0 ? {} : { errors }) };
}

function specOf(call: Pick<ToolCall, 'workspaceId' | 'sessionId' | 'environmentId'>) {
  const { workspaceId, sessionId, environmentId } = call;
  return { workspaceId, sessionId, environmentId };
}
