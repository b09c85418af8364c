import { execFile } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const POOL = 4;

/**
 * Named pipes made ahead of time, since making one costs a process. They are named so that a restarted sandboxd can open the pipe of a
 * running command again; mode 0622 lets programs reopen their own output as /dev/stdout.
 */
export interface Pipes {
  /** Moves a fresh pipe to `target`. */
  take(target: string): Promise<void>;
}

export function createPipes(folder: string, boot: string): Pipes {
  let made = 0;
  let ready: string[] = [];
  let filling: Promise<void> | undefined;

  async function fill(): Promise<void> {
    const fresh = Array.from({ length: POOL }, () => join(folder, `${boot}-${process.pid}-${made++}`));
    await promisify(execFile)('mkfifo', ['-m', '622', ...fresh]);
    ready = [...ready, ...fresh];
  }
  function refill(): Promise<void> {
    filling ??= fill().finally(() => {
      filling = undefined;
    });
    return filling;
  }
  refill().catch(() => {
    // The next take tries again and reports the error to its caller.
  });

  return {
    async take(target) {
      let pipe = ready.shift();
      while (pipe === undefined) {
        await refill();
        pipe = ready.shift();
      }
      renameSync(pipe, target);
      if (ready.length < 2) {
        refill().catch(() => {
          // As above.
        });
      }
    },
  };
}
