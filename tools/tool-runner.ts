import type { SessionError } from '../core/journal/session-error.ts';
import type { GivenBlock } from '../core/session/content.ts';
import type { JsonObject } from '../core/json.ts';

/** One call of a built-in tool, by the tool-use event that asked for it. */
export interface ToolCall {
  workspaceId: string;
  sessionId: string;
  /** Our tool-use event id: the name of the call's record in the sandbox. */
  toolUseId: string;
  name: string;
  input: JsonObject;
  /** Of the session's environment; decides packages, network, limits. */
  environmentId: string;
}

export interface ToolResult {
  content: GivenBlock[];
  isError: boolean;
  /** Set when nobody can know whether the side effect happened (sandbox or record lost). `isError` is then true. */
  lost?: boolean;
  /** Set when no sandbox could be had, and nothing was begun. `isError` is then true. */
  unavailable?: boolean;
  /** Troubles that the call met, for clients: the session goes on without what they are about. */
  errors?: readonly SessionError[];
}

/**
 * Runs built-in tools in the session's sandbox. A call's side effect happens at most once per tool-use id: the sandbox claims the id
 * before it starts anything.
 */
export interface ToolRunner {
  /**
   * `start` is the first attempt. `resume` is a later one: it re-attaches to the running call or returns the finished one, and where
   * the sandbox knows nothing of the id it first records the id as abandoned, so that a late first attempt starts nothing, and then
   * reports `lost`. Tool failures, time-outs and bad input are results with `isError`, not exceptions. Throws `sandbox_unavailable`
   * when the sandbox cannot be had, with `begun` in the details when the call may have begun all the same; `start` may be repeated
   * then. Aborting `signal` kills the call's process group and
   * throws the signal's reason.
   */
  run(call: ToolCall, mode: 'start' | 'resume', signal: AbortSignal): Promise<ToolResult>;
  /** Ends a call that may be running, or leaves the abandoned record. Idempotent; never starts a sandbox only to kill. */
  kill(call: {
    workspaceId: string;
    sessionId: string;
    toolUseId: string;
    environmentId: string;
  }): Promise<void>;
}
