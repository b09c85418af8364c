/** One thing to be read by a decoder process. */
export interface DecodeJob {
  /** Which of the modules in `jobs/` reads it. */
  kind: 'image' | 'pdf' | 'page' | 'skill' | 'frontmatter' | (string & {});
  /** Whose bytes these are. A process that has read bytes of one workspace never sees those of another. */
  workspaceId: string;
  /** What the module is told besides the bytes; plain JSON. */
  value: unknown;
  parts: readonly Uint8Array[];
  /** Longest that reading may take, from when a process is free for it. */
  milliseconds: number;
  /** Most that may come back, in bytes. */
  answerBytes: number;
}

/**
 * What became of a job. An answer comes out of a process that hostile bytes may have taken over: whoever asked checks its shape and its
 * sizes like those of any client.
 *
 * - `refused`: the module says in words for its sender why it does not take them.
 * - `broken`: its parser failed, and this is what it said.
 * - `time`, `memory`: it was over its limit and was killed.
 * - `ended`: the process died, or answered what is no answer.
 */
export type DecodeOutcome =
  | { ok: true; value: unknown; parts: readonly Uint8Array[] }
  | { ok: false; cause: 'refused' | 'broken' | 'time' | 'memory' | 'ended'; message: string };

/** How the processes are held, on this host. `detail` is for operators. */
export interface DecoderProbe {
  isolation: 'bubblewrap' | 'permissions' | 'none';
  detail: string;
}

/**
 * Reads bytes of strangers in processes that hold no keys and reach neither the network nor files, with limits of memory, time and
 * output. One that is over a limit is killed, and the next job gets a new one; nothing that is in the bytes can do more than fail its
 * own job. Deterministic modules give the same answer again, so jobs may be repeated.
 */
export interface Decoder {
  /**
   * Rejects with `unavailable` when too much waits, when no process can be started, or when the decoder is closed, and with the signal's
   * reason when `signal` aborts, which ends the reading.
   */
  decode(job: DecodeJob, signal: AbortSignal): Promise<DecodeOutcome>;
  /** Finds out how processes are held here, by starting one. Never rejects. */
  probe(): Promise<DecoderProbe>;
  /** What was found out so far, without starting anything; null before the first process. */
  known(): DecoderProbe | null;
  close(): Promise<void>;
}
