/**
 * Runs one piece of code in the kernel of its language, which it starts where none runs. It is the process that sandboxd follows: its
 * output is the code's, its exit code says whether the code failed, and a SIGTERM to it interrupts the code.
 *
 * Arguments: the language, the program of its kernel, and the working directory. The code comes on descriptor 3.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_MS = 10_000;
/** Between the interruption of the code and the end of its kernel; sandboxd kills this process two seconds after SIGTERM. */
const INTERRUPT_MS = 1_500;

const [, , language = '', kernel = '', workdir = '/'] = process.argv;
/** Sandboxes that share a /tmp, since nothing isolates them, have different working directories. The path of a socket must be short. */
const folder = `/tmp/.code-${createHash('sha256').update(workdir).digest('hex').slice(0, 16)}`;
const path = join(folder, `${language}.sock`);

function reach(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Runs `work` alone of all clients of this language: two that start a kernel at once would each have variables of their own. */
async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (lstatSync(folder).uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`);
  const holder = spawn('flock', ['-x', join(folder, `${language}.lock`), 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      // It comes back from `cat`, which starts when the lock is held.
      holder.stdout.once('data', () => resolve());
      holder.once('error', reject).once('exit', () => reject(new Error('the lock cannot be taken')));
      holder.stdin.write('held');
    });
    return await work();
  } finally {
    holder.stdin.end();
  }
}

async function startKernel(): Promise<Socket> {
  rmSync(path, { force: true });
  const words = language === 'python' ? ['python3', kernel, path] : [process.execPath, kernel, path];
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, { cwd: workdir, detached: true, stdio: 'ignore' });
  const end: { reason?: string } = {};
  child.once('error', (error) => {
    end.reason = error.message;
  });
  child.once('exit', (code) => {
    end.reason = `it ended with ${code}`;
  });
  child.unref();
  for (const late = Date.now() + START_MS; Date.now() < late && end.reason === undefined;) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    try {
      return await reach();
    } catch {
      // Not yet.
    }
  }
  throw new Error(`${language} cannot be started${end.reason === undefined ? '' : `: ${end.reason}`}`);
}

async function main(): Promise<void> {
  const socket = await reach().catch(() => alone(() => reach().catch(startKernel)));
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
