/** What one sandbox may use. */
export interface SandboxLimits {
  processes: number;
  openFiles: number;
  /** One file. */
  fileBytes: number;
  /** Data of one process (its heap and private mappings). */
  dataBytes: number;
  /** All processes together. */
  memoryBytes: number;
  /** Workspace, home and outputs together. */
  diskBytes: number;
  diskFiles: number;
  /** /tmp and /dev/shm, which lie in memory. */
  tmpBytes: number;
  shmBytes: number;
  cpus: number;
  /** Output of a call above this goes to a file; the model sees a preview and the path. */
  outputCharacters: number;
  /** What such a file holds of one command. */
  outputFileBytes: number;
  /** A sandbox without a call for this long is stopped. 0: never. */
  idleMs: number;
  /** The browser of a sandbox stops after this long without an action. */
  browserIdleMs: number;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export const DEFAULT_LIMITS: SandboxLimits = {
  processes: 512,
  openFiles: 4096,
  fileBytes: 2 * GIB,
  dataBytes: 2 * GIB,
  memoryBytes: 4 * GIB,
  diskBytes: 10 * GIB,
  diskFiles: 1_000_000,
  tmpBytes: 512 * MIB,
  shmBytes: 256 * MIB,
  cpus: 2,
  outputCharacters: 100_000,
  outputFileBytes: 64 * MIB,
  idleMs: 10 * 60_000,
  browserIdleMs: 2 * 60_000,
};
