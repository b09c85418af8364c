import { writeSync } from 'node:fs';

/** How long a line may wait for a reader that is slow, and how often it is tried meanwhile. */
const PATIENCE_MS = 1_000;
const PAUSE_MS = 5;

/** Where the lines of a log go. */
export interface LogDestination {
  /** Writes one line, or drops it. Never throws. */
  write(line: string): void;
}

/**
 * Lines of a log that go to an open file or pipe at once, so that none is lost when the process is killed. What cannot be written, on a disk
 * that is full or to a reader that is gone, is dropped and counted, and the log says so as soon as it can: pino's own destination ends
 * the process instead, and then waits for room for ever.
 *
 * @param write - as `writeSync` of node: returns how many bytes were taken, or throws.
 */
export function createLogDestination(
  descriptor: number,
  write: (descriptor: number, bytes: Uint8Array) => number = writeSync,
): LogDestination {
  let lost = 0;
  let reason = '';
  /** A line was cut in the middle: the next one must not go on in it. */
  let isCut = false;

  function writeWhole(text: string): void {
    let rest: Uint8Array = Buffer.from(text);
    const size = rest.length;
    for (const late = Date.now() + PATIENCE_MS; rest.length > 0;) {
      try {
        rest = rest.subarray(write(descriptor, rest));
      } catch (error) {
        if (codeOf(error) === 'EAGAIN' && Date.now() < late) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
          continue;
        }
        if (rest.length < size) isCut = true;
        throw error;
      }
    }
    isCut = false;
  }

  return {
    write(line) {
      try {
        const notice = lost === 0 ? '' : `${JSON.stringify({ level: 'warn', lost, reason, msg: NOTICE })}\n`;
        writeWhole(`${isCut ? '\n' : ''}${notice}${line}`);
        lost = 0;
      } catch (error) {
        lost++;
        reason = codeOf(error);
      }
    },
  };
}

const NOTICE = 'lines of this log could not be written and are lost';

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
