import type { AioApi } from './api.ts';
import type { Guard } from './guard.ts';

/** What operations on one session's AIO Sandbox need. */
export interface AioOperationDeps {
  api: AioApi;
  guard: Guard;
  sessionId: string;
  root: string;
  workdir: string;
  home: string;
  /** Where long outputs are kept for the agent. */
  toolOutputs: string;
  outputCharacters: number;
}
