import type { JsonObject } from '../../core/json.ts';
import type { BrowserAction } from './browser-action.ts';

/**
 * What can be done in a sandbox by a claimed call. Paths are paths inside the sandbox; relative ones start at its working directory.
 */
export type SandboxOperation =
  /** Runs a command in bash. The working directory and exported variables of the last command are carried over. */
  | { type: 'bash'; command: string; timeoutMs: number }
  /** Forgets the carried shell state and ends every process that no running call owns. */
  | { type: 'restart' }
  /** Reads a text file. `range` is lines, 1-based and inclusive; an end of 0 or less is the end of the file. */
  | { type: 'read'; path: string; range?: [number, number] }
  /** Replaces a file as a whole, atomically, and makes missing parents. */
  | { type: 'write'; path: string; content: string }
  /** Replaces `oldText` by `newText`: exactly one occurrence, or all of them. */
  | { type: 'edit'; path: string; oldText: string; newText: string; occurrences: 'one' | 'all' }
  /** Lists files whose path below `path` matches a doublestar pattern, newest first. */
  | { type: 'glob'; pattern: string; path?: string }
  /** Searches file contents for a regular expression. */
  | { type: 'grep'; pattern: string; path?: string }
  /** Runs code in a kernel that keeps its variables from call to call. */
  | { type: 'code'; language: 'python' | 'javascript'; code: string; timeoutMs: number }
  /** Starts and looks after processes that outlive their call. */
  | { type: 'process'; process: ProcessAction }
  /** Does something with the sandbox's browser. */
  | { type: 'browser'; browser: BrowserAction }
  /** Uses the MCP servers that the sandbox itself brings along. */
  | { type: 'mcp'; mcp: McpAction };

export type McpAction =
  /** The servers with the names of their tools, or one server's tools in full. */
  | { do: 'list'; server: string | null }
  | { do: 'call'; server: string; tool: string; arguments: JsonObject; timeoutMs: number };

export type ProcessAction =
  | { do: 'start'; command: string }
  | { do: 'list' }
  /** From a byte on, or, with null, the newest part. */
  | { do: 'read'; id: string; offset: number | null }
  | { do: 'write'; id: string; input: string }
  | { do: 'kill'; id: string; signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' };

/** How a command ended: by itself, at its time limit, by a kill, or at the limit of the sandbox's files. */
export type EndedBy = 'exit' | 'timeout' | 'kill' | 'limit' | 'disk';

export interface OperationImage {
  mediaType: string;
  base64: string;
}

export interface OperationResult {
  /** What a model reads: well-formed Unicode within the sandbox's output limit, cut on code points. */
  text: string;
  isError: boolean;
  /** For commands: `code` is null when no exit code could be had. */
  exit?: { code: number | null; endedBy: EndedBy };
  /** For commands: how much was written in all, and where the whole of it lies when `text` is only a preview. */
  output?: { bytes: number; path: string | null };
  /** For image files that were read, and for tools that show something. */
  image?: OperationImage;
  /** Of tools that show several: those after the first. */
  moreImages?: OperationImage[];
}
