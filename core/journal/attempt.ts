/** One attempt of a step, as its transactions know it. */
export interface StepAttempt {
  sessionId: string;
  epoch: number;
  threadId: string;
  /** The step's number in its thread. */
  step: number;
  /** Tool uses whose activity failed for good: the opening closes them with error results. */
  seals: readonly string[];
  /** The attempt's scheduled time; grows from attempt to attempt. */
  fence: number;
}

/** One attempt of a tool call. */
export interface ToolAttempt {
  sessionId: string;
  epoch: number;
  threadId: string;
  toolUseId: string;
  fence: number;
}

export function stepKey(threadId: string, step: number): string {
  return `${threadId}/${step}`;
}

export function toolKey(toolUseId: string): string {
  return `tool/${toolUseId}`;
}
