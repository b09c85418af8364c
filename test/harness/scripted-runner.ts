import type { JsonObject } from '../../core/json.ts';
import type { ToolResult, ToolRunner } from '../../tools/tool-runner.ts';

/** A tool runner that the test scripts: `run` decides by the call; every call is counted by its id. */
export interface ScriptedRunner extends ToolRunner {
  readonly runs: string[];
  readonly kills: string[];
}

export function createScriptedRunner(
  respond: (name: string, input: JsonObject, signal: AbortSignal) => Promise<ToolResult>,
): ScriptedRunner {
  const runs: string[] = [];
  const kills: string[] = [];
  return {
    runs,
    kills,
    async run(call, mode, signal) {
      if (mode === 'resume') return { content: [{ type: 'text', text: 'lost' }], isError: true, lost: true };
      runs.push(call.toolUseId);
      return respond(call.name, call.input, signal);
    },
    async kill(call) {
      kills.push(call.toolUseId);
    },
  };
}
