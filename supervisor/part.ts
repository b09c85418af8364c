import type { ProcessIdentity } from '../providers/host/process-identity.ts';

/** One running process of the service. */
export interface RunningPart {
  process: ProcessIdentity;
  /** It was running before, left by a supervisor that was killed. */
  adopted: boolean;
  logFile: string;
  /** Ends it in good order. Does nothing when it has ended. */
  stop(): Promise<void>;
}

/** A process that the supervisor keeps running. */
export interface Part {
  name: 'postgres' | 'temporal' | 'api' | 'worker';
  /**
   * Starts it or adopts the one that runs. Rejects with a reason that a person can act on; then nothing that it has started runs. So it
   * does, soon, when `signal` aborts while it waits.
   */
  start(signal: AbortSignal): Promise<RunningPart>;
  /** Ends the one that another supervisor left, if any. */
  endLeft(): Promise<void>;
}
