import type { SandboxOperation } from '../operation.ts';
import type { CallOutcome } from '../sandbox.ts';

export interface MemoryRun {
  operation: SandboxOperation;
  outcome: Promise<CallOutcome>;
  /** Aborted with `kill` or `stopped`. */
  cancel: AbortController;
}

export const MEMORY_WORKDIR = '/workspace';

/** One sandbox of the double: what survives a stop, and what runs. */
export interface MemorySession {
  /** By absolute path; the order of insertion is the order of change. */
  files: Map<string, string>;
  directory: string;
  variables: Map<string, string>;
  /** Paths of attached files. */
  attached: Set<string>;
  calls: Map<string, MemoryRun | 'abandoned'>;
  /** Ids of calls. */
  announced: Set<string>;
  isRunning: boolean;
  /** What was there at each mark of an archive, as text. */
  marks: Map<string, string>;
}

export function createMemorySession(): MemorySession {
  return {
    files: new Map(),
    directory: MEMORY_WORKDIR,
    variables: new Map(),
    attached: new Set(),
    calls: new Map(),
    announced: new Set(),
    isRunning: false,
    marks: new Map(),
  };
}
