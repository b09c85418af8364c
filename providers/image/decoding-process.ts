import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { ImageReply, ImageRequest } from './image-messages.ts';
import type {
  GivenImage,
  ImageDecodeLimits,
  ImagePreparer,
  ImageTarget,
  PreparedImage,
} from './image-preparer.ts';
import { refused } from './refused.ts';

export interface DecodingProcessOptions {
  limits?: Partial<ImageDecodeLimits>;
  /** Longest that one image may take. */
  timeoutMs?: number;
  /** How long the process waits for the next image before it ends. */
  idleMs?: number;
  /** How many images may wait. */
  maxWaiting?: number;
}

const LIMITS: ImageDecodeLimits = { maxBytes: 32 * 1024 * 1024, maxPixels: 50_000_000, maxFrames: 500 };

interface Job {
  request: ImageRequest;
  resolve(image: PreparedImage): void;
  reject(error: unknown): void;
}

/**
 * Decodes in a child process, one image after the other. It starts with the first image, ends when there is nothing to do, and is killed
 * when an image takes too long; an image that brings it down is refused, and the next gets a new one.
 */
export function createDecodingProcess(options: DecodingProcessOptions = {}): ImagePreparer {
  const limits = { ...LIMITS, ...options.limits };
  const { timeoutMs = 20_000, idleMs = 30_000, maxWaiting = 64 } = options;
  const waiting: Job[] = [];
  let current: Job | undefined;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let nextId = 1;

  const start = (): ChildProcess => {
    const started = fork(path.join(import.meta.dirname, 'image-child.ts'), {
      serialization: 'advanced',
      // Nothing of the environment goes along: a decoder that is taken over finds no secrets.
      env: {},
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    started.on('message', (reply: ImageReply) => onReply(reply));
    started.on('exit', () => {
      if (child !== started) return;
      child = undefined;
      finish((job) => job.reject(refused('decoding it failed')));
    });
    started.on('error', () => started.kill('SIGKILL'));
    return started;
  };

  const onReply = (reply: ImageReply) => {
    if (reply.id !== current?.request.id) return;
    finish((job) => {
      if ('image' in reply) job.resolve(reply.image);
      else if (reply.failure.expected) job.reject(new AppError('invalid_request', reply.failure.message));
      else job.reject(refused(`it cannot be decoded (${reply.failure.message})`));
    });
  };

  const finish = (settle: (job: Job) => void) => {
    clearTimeout(timer);
    const job = current;
    current = undefined;
    if (job !== undefined) settle(job);
    next();
  };

  const kill = () => {
    const killed = child;
    child = undefined;
    killed?.kill('SIGKILL');
  };

  const next = () => {
    if (current !== undefined) return;
    current = waiting.shift();
    if (current === undefined) {
      timer = setTimeout(kill, idleMs);
      timer.unref();
      child?.unref();
      child?.channel?.unref();
      return;
    }
    child ??= start();
    child.ref();
    child.channel?.ref();
    timer = setTimeout(() => {
      kill();
      finish((job) => job.reject(refused(`decoding it takes longer than ${String(timeoutMs / 1_000)} s`)));
    }, timeoutMs);
    child.send(current.request);
  };

  return {
    prepare(image: GivenImage, target: ImageTarget, signal: AbortSignal): Promise<PreparedImage> {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        if (waiting.length >= maxWaiting) {
          const message = 'Too many images wait to be decoded; try again in a few seconds.';
          throw new AppError('unavailable', message, { retryAfterMs: 5_000 });
        }
        const request = { id: nextId, image, target, limits };
        nextId += 1;
        const job: Job = { request, resolve, reject };
        const onAbort = () => {
          const place = waiting.indexOf(job);
          if (place !== -1) waiting.splice(place, 1);
          // The one that is being decoded is left to its end; nobody waits for it.
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        job.resolve = (prepared) => {
          signal.removeEventListener('abort', onAbort);
          resolve(prepared);
        };
        job.reject = (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        };
        waiting.push(job);
        clearTimeout(current === undefined ? timer : undefined);
        next();
      });
    },
    close() {
      clearTimeout(timer);
      for (const job of waiting.splice(0))
        job.reject(new AppError('unavailable', 'The service is stopping.'));
      current?.reject(new AppError('unavailable', 'The service is stopping.'));
      current = undefined;
      const closing = child;
      closing?.ref();
      kill();
      if (closing === undefined || closing.exitCode !== null) return Promise.resolve();
      return new Promise((resolve) => closing.once('exit', () => resolve()));
    },
  };
}
