/**
 * Runs one piece of code in the kernel of its language. It is the process that sandboxd follows: its output is the code's, its exit code
 * says whether the code failed, and a SIGTERM to it interrupts the code.
 *
 * Arguments: the language, the kernel's socket, and the file that appears when the kernel has ended. The code comes on descriptor 3.
 */
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const START_MS = 10_000;
/** Between the interruption of the code and the end of its kernel; sandboxd kills this process two seconds after SIGTERM. */
const INTERRUPT_MS = 1_500;

const [, , language = '', path = '', ended = ''] = process.argv;

function connectOnce(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** A kernel that sandboxd has just started may not listen yet. */
async function reach(): Promise<Socket> {
  for (const late = Date.now() + START_MS; ;) {
    try {
      return await connectOnce();
    } catch (error) {
      if (existsSync(ended)) {
        const code = readFileSync(ended, 'utf8').trim();
        throw new Error(`${language} cannot be started: it ended with ${code}`, { cause: error });
      }
      if (Date.now() > late) throw new Error(`${language} cannot be started`, { cause: error });
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}

async function main(): Promise<void> {
  const socket = await reach();
  let kernelPid = 0;
  let isInterrupted = false;
  process.on('SIGTERM', () => {
    if (isInterrupted || kernelPid === 0) return;
    isInterrupted = true;
    process.kill(kernelPid, 'SIGINT');
    setTimeout(() => {
      process.kill(kernelPid, 'SIGKILL');
      process.stdout.write(
        `[The code did not stop; ${language} was ended, and its variables are lost.]\n`,
        () => process.exit(1),
      );
    }, INTERRUPT_MS);
  });
  socket.once('close', () => {
    process.stdout.write(`[${language} ended; its variables are lost.]\n`, () => process.exit(1));
  });
  socket.on('error', () => socket.destroy());
  const code = readFileSync(3, 'utf8');
  createInterface({ input: socket })
    .on('error', () => socket.destroy())
    .on('line', (line) => {
      const message = JSON.parse(line) as { pid?: number; ok?: boolean };
      if (message.pid !== undefined) {
        kernelPid = message.pid;
        const files = { out: `/proc/${process.pid}/fd/1`, err: `/proc/${process.pid}/fd/2` };
        socket.write(`${JSON.stringify({ code, ...files })}\n`);
        return;
      }
      socket.removeAllListeners('close');
      process.exit(message.ok === true ? 0 : 1);
    });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
});
