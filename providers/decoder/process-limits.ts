/** What one decoder process may use. */
export interface ProcessLimits {
  /** Of its resident memory; looked at several times a second, and the process is killed above it. */
  memoryBytes: number;
  /** Of memory that it asks the kernel for, which refuses more. Above `memoryBytes`: much is asked for and never touched. */
  dataBytes: number;
  /** Of JavaScript values. */
  heapMb: number;
  /** Processor time of its whole life. */
  cpuSeconds: number;
  openFiles: number;
}

/**
 * A picture of the most pixels that are taken (50 million, four bytes each) is held twice or three times while it is converted, beside the
 * ninety megabytes of the process itself.
 */
export const PROCESS_LIMITS: ProcessLimits = {
  memoryBytes: 1024 * 1024 * 1024,
  dataBytes: 2 * 1024 * 1024 * 1024,
  heapMb: 512,
  cpuSeconds: 300,
  openFiles: 64,
};
