import { AppError } from '../../core/errors.ts';

/** Operations of a folder that may stop to answer, as a network file system does whose server is gone. */
export interface FolderGate {
  /**
   * Does one operation of the file system. Rejects with what it rejects with, and with `unavailable` when it does not end in time; it may
   * do its work later all the same.
   *
   * @param undo - gets what an operation gives that ends too late, such as a file that is to be closed.
   */
  pass<T>(operation: () => Promise<T>, undo?: (late: T) => void): Promise<T>;
}

/** How long a single operation may take, which has a megabyte to move at most. */
const ANSWER_MS = 12_000;
/**
 * Operations at once. One that hangs in the kernel keeps a thread of Node.js, which has four for files and names of all kinds, so that some
 * must be left for those that do not hang.
 */
const MOST = 2;

/** @param setting - the setting that names the folder, for people. */
export function createFolderGate(setting: string, answerMs = ANSWER_MS): FolderGate {
  const waiting: (() => void)[] = [];
  let under = 0;
  let stuck = 0;
  let answeredAt = performance.now();

  const silent = (): AppError =>
    new AppError(
      'unavailable',
      `The file system of ${setting} does not answer. Try again in a moment; whoever runs the service must look at it.`,
      { retryAfterMs: 5_000 },
    );

  /** Waits for its turn, for as long as others get theirs. */
  async function turn(): Promise<void> {
    if (stuck >= MOST) throw silent();
    if (under < MOST) {
      under += 1;
      return;
    }
    const since = performance.now();
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const look = (): void => {
        const leftMs = answerMs - (performance.now() - Math.max(since, answeredAt));
        if (leftMs > 0) {
          timer = setTimeout(look, leftMs);
          return;
        }
        waiting.splice(waiting.indexOf(go), 1);
        reject(silent());
      };
      let timer = setTimeout(look, answerMs);
      waiting.push(go);
    });
  }

  /** The turn goes on to the next one, or is free. */
  function ended(): void {
    answeredAt = performance.now();
    const next = waiting.shift();
    if (next) next();
    else under -= 1;
  }

  return {
    async pass(operation, undo) {
      await turn();
      return new Promise((resolve, reject) => {
        let isLate = false;
        const timer = setTimeout(() => {
          isLate = true;
          stuck += 1;
          reject(silent());
        }, answerMs);
        const settle = (): void => {
          clearTimeout(timer);
          if (isLate) stuck -= 1;
          ended();
        };
        operation().then(
          (value) => {
            settle();
            if (isLate) undo?.(value);
            else resolve(value);
          },
          (error: unknown) => {
            settle();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    },
  };
}
