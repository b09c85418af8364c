import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { strayDescriptors } from '../host/stray-descriptors.ts';
import { confinedCommand, stdioOf, type Confinement } from './confinement.ts';
import type { DecodeJob, DecodeOutcome } from './decoder.ts';
import { ANSWERS_DESCRIPTOR, BUBBLEWRAP_DESCRIPTORS } from './descriptors.ts';
import { createFrameReader, cutBody, encodeFrame, type Frame } from './frames.ts';
import { watchMemory } from './memory-watch.ts';
import { assertSpawned } from '../host/assert-spawned.ts';

/** A process that was started and is ready for its first job. */
export interface ConfinedProcess {
  /** One job at a time. Rejects with the signal's reason when `signal` aborts; the process is killed then, as for everything over a limit. */
  run(job: DecodeJob, signal: AbortSignal): Promise<DecodeOutcome>;
  /** Whether it can take another job. */
  isUsable(): boolean;
  kill(): void;
  exited: Promise<void>;
}

const START_MS = 20_000;
/** Of what a process says before it works: bwrap's and node's own words. */
const WORDS = 2_000;
/** Of a header besides what the job may answer. */
const HEADER_BYTES = 64 * 1024;

const Header = z.union([
  z.strictObject({ id: z.string(), value: z.unknown(), lengths: z.array(z.int().nonnegative()).max(10_000) }),
  z.strictObject({ id: z.string(), failure: z.enum(['refused', 'broken']), message: z.string().max(4_000) }),
]);

/** Starts a process and waits until it is ready. Rejects with what it said when it does not get there. */
export async function startConfinedProcess(request: Confinement): Promise<ConfinedProcess> {
  const { limits } = request;
  const { program, words, isBubblewrap } = confinedCommand(request);
  const filter =
    isBubblewrap && request.runtime.filter !== null ? openSync(request.runtime.filter, 'r') : null;
  const nothing = openSync('/dev/null', 'r+');
  let child: ChildProcess;
  try {
    // Nothing of the environment goes along but where the programs are, and bwrap takes that away too.
    child = spawn(program, words, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
      stdio: stdioOf(filter, nothing, strayDescriptors()),
    });
  } finally {
    closeSync(nothing);
    if (filter !== null) closeSync(filter);
  }
  assertSpawned(child);
  const pipes = child.stdio as unknown as Record<number, (Readable & Writable & Socket) | null>;
  const [input, output] = [pipes[0], pipes[ANSWERS_DESCRIPTOR]];
  let said = '';
  let worker = child.pid;
  let isAlive = true;
  let most = HEADER_BYTES;
  let onFrame: ((frame: Frame) => void) | undefined;
  let onEnd: ((cause: 'ended') => void) | undefined;

  const kill = (): void => {
    isAlive = false;
    // Whoever waits for its end is not left alone with it.
    child.ref();
    child.kill('SIGKILL');
  };
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      isAlive = false;
      onEnd?.('ended');
      resolve();
    };
    child.once('exit', end);
    child.once('error', (error) => {
      said = `${said}${error.message}`;
      end();
    });
  });
  const reader = createFrameReader(
    () => most,
    (frame) => {
      const take = onFrame;
      onFrame = undefined;
      // What nobody asked for is no answer.
      if (take === undefined) kill();
      else take(frame);
    },
  );
  output?.on('data', (chunk: Buffer) => {
    try {
      reader.take(chunk);
    } catch {
      kill();
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-WORDS);
  });
  let told = '';
  pipes[BUBBLEWRAP_DESCRIPTORS.info]?.setEncoding('utf8').on('data', (text: string) => {
    told = (told + text).slice(0, WORDS);
    worker = Number(/"child-pid":\s*(\d+)/.exec(told)?.[1] ?? Number.NaN);
  });
  // A process that is gone has closed its ends; its exit says the rest.
  for (const pipe of Object.values(pipes)) pipe?.on?.('error', () => undefined);

  const hold = (isHeld: boolean): void => {
    const [word, live] = [
      isHeld ? 'ref' : 'unref',
      Object.values(pipes).filter((pipe) => pipe?.destroyed === false),
    ] as const;
    for (const one of [child, ...live]) one?.[word]();
  };

  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      said = `${said} (not ready within ${START_MS / 1_000} s)`;
      kill();
    }, START_MS);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      onEnd = undefined;
      if (error === undefined) resolve();
      else reject(error);
    };
    onFrame = () => settle();
    onEnd = () => settle(new Error(said.trim() === '' ? 'it ended without a word' : said.trim()));
  });
  hold(false);

  return {
    isUsable: () => isAlive,
    kill,
    exited,
    async run(job, signal) {
      signal.throwIfAborted();
      hold(true);
      // An answer that was written before this job was asked cannot know it.
      const id = randomUUID();
      most = HEADER_BYTES + job.answerBytes;
      let stop: () => void = () => undefined;
      try {
        return await new Promise<DecodeOutcome>((resolve, reject) => {
          const fail = (cause: 'time' | 'memory' | 'ended', message: string): void => {
            kill();
            resolve({ ok: false, cause, message });
          };
          const timer = setTimeout(
            () => fail('time', `it takes longer than ${job.milliseconds / 1_000} s`),
            job.milliseconds,
          );
          const over = (): void =>
            fail('memory', `it takes more than ${limits.memoryBytes >> 20} MiB of memory`);
          const unwatch =
            worker === undefined ? () => undefined : watchMemory(worker, limits.memoryBytes, over);
          const onAbort = (): void => {
            kill();
            reject(signal.reason as Error);
          };
          signal.addEventListener('abort', onAbort, { once: true });
          stop = () => {
            clearTimeout(timer);
            unwatch();
            signal.removeEventListener('abort', onAbort);
            onFrame = undefined;
            onEnd = undefined;
          };
          onEnd = () => fail('ended', 'its reader ended');
          onFrame = (frame) => {
            const outcome = toOutcome(frame, id);
            if (outcome === null) fail('ended', 'its reader gave no answer');
            else resolve(outcome);
          };
          if (!isAlive) fail('ended', 'its reader ended');
          const { kind, value, parts } = job;
          const lengths = parts.map(({ byteLength }) => byteLength);
          for (const piece of encodeFrame({ id, kind, value, lengths }, parts)) input?.write(piece);
        });
      } finally {
        stop();
        hold(false);
      }
    },
  };
}

function toOutcome({ header, body }: Frame, id: string): DecodeOutcome | null {
  const read = Header.safeParse(header);
  if (!read.success || read.data.id !== id) return null;
  if ('failure' in read.data) return { ok: false, cause: read.data.failure, message: read.data.message };
  try {
    return { ok: true, value: read.data.value, parts: cutBody(body, read.data.lengths) };
  } catch {
    return null;
  }
}
