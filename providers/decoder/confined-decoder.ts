import { existsSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { startConfinedProcess, type ConfinedProcess } from './confined-process.ts';
import type { Isolation } from './confinement.ts';
import type { DecodeJob, DecodeOutcome, Decoder, DecoderProbe } from './decoder.ts';
import { findIsolation, noIsolation, type FoundIsolation } from './find-isolation.ts';
import { PROCESS_LIMITS, type ProcessLimits } from './process-limits.ts';
import { prepareDecoderRuntime } from './runtime.ts';
import { noteUse } from '../host/unused-folders.ts';
import { removeUnusedRuntimes } from './unused-runtimes.ts';

export interface ConfinedDecoderOptions {
  /** Holds the runtime; others can pass through it. */
  folder: string;
  /** User id of the processes where the service is root; nobody else's. */
  uid?: number;
  limits?: Partial<ProcessLimits>;
  /** Processes at once, and those of one workspace. */
  processes?: number;
  perWorkspace?: number;
  /** How long a process waits for its workspace's next job before it ends. */
  idleMs?: number;
  /** Jobs that may wait, and the bytes that they hold. */
  waitingJobs?: number;
  waitingBytes?: number;
  /** Modules by kind, in place of the service's own: for tests. */
  modules?: Readonly<Record<string, string>>;
  /** In the order in which they are tried: for tests. */
  isolations?: readonly Isolation[];
  /** See {@link Confinement}: for tests. */
  isInnerOpen?: boolean;
}

/** Of what may wait, the part that one workspace may have. */
const WORKSPACE_SHARE = 1 / 2;
/** Beside the ids that sandboxes are given by default. */
const DEFAULT_UID = 1_901_000_000;
/** A process is replaced when it has worked for so long: well before the kernel would end it in the middle of a job. */
const WORKED_MS = 120_000;

interface Waiting {
  job: DecodeJob;
  signal: AbortSignal;
  resolve(outcome: DecodeOutcome): void;
  reject(error: unknown): void;
  stopListening(): void;
}

/** A place for a process, taken by one workspace. */
interface Slot {
  workspaceId: string;
  process: ConfinedProcess | undefined;
  isBusy: boolean;
  workedMs: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Decodes in confined processes, each of which serves one workspace, one job after the other. They start with the first job, stay for a
 * while, and are killed when a job is over a limit; the next job gets a new one.
 */
export function createConfinedDecoder(options: ConfinedDecoderOptions): Decoder {
  const { processes = 3, perWorkspace = 2, idleMs = 30_000 } = options;
  const { waitingJobs = 64, waitingBytes = 256 * 1024 * 1024 } = options;
  const { uid = DEFAULT_UID } = options;
  const limits = { ...PROCESS_LIMITS, ...options.limits };
  const slots = new Set<Slot>();
  /** The process that found out how processes are held, once it has got work. */
  const taken = new WeakSet<ConfinedProcess>();
  let waiting: Waiting[] = [];
  let isClosed = false;
  let known: DecoderProbe | null = null;
  let finding: Promise<FoundIsolation> | undefined;
  let endNoting: () => void = () => undefined;

  async function find(): Promise<FoundIsolation> {
    const runtime = await prepareDecoderRuntime(options.folder, process.execPath, options.modules);
    endNoting();
    endNoting = noteUse(runtime.folder);
    removeUnusedRuntimes(options.folder, runtime.folder);
    const { isolations = ['bubblewrap', 'permissions'], isInnerOpen = false } = options;
    return findIsolation({ runtime, limits, uid, isInnerOpen }, isolations);
  }

  /** Decided once; when nothing starts, the next job tries again. */
  function found(): Promise<FoundIsolation> {
    finding ??= find().then(
      (one) => {
        known = { isolation: one.confinement.isolation, detail: one.detail };
        const timer = setTimeout(() => {
          if (!taken.has(one.first)) one.first.kill();
        }, idleMs);
        timer.unref();
        return one;
      },
      (error: unknown) => {
        finding = undefined;
        known = noIsolation(error);
        throw error;
      },
    );
    return finding;
  }

  async function start(): Promise<ConfinedProcess> {
    let { confinement, first } = await found();
    if (!existsSync(confinement.runtime.folder)) {
      finding = undefined;
      ({ confinement, first } = await found());
    }
    if (first.isUsable() && !taken.has(first)) {
      taken.add(first);
      return first;
    }
    return startConfinedProcess(confinement);
  }

  function end(slot: Slot): void {
    clearTimeout(slot.idle);
    slots.delete(slot);
    slot.process?.kill();
  }

  /** A place for the next job of a workspace; undefined while it has to wait. */
  function slotFor(workspaceId: string): Slot | undefined {
    const idle = [...slots].filter((slot) => !slot.isBusy);
    const own = idle.find((slot) => slot.workspaceId === workspaceId);
    if (own !== undefined) return own;
    if ([...slots].filter((slot) => slot.workspaceId === workspaceId).length >= perWorkspace)
      return undefined;
    if (slots.size >= processes) {
      const [other] = idle;
      if (other === undefined) return undefined;
      end(other);
    }
    const slot = { workspaceId, process: undefined, isBusy: false, workedMs: 0, idle: undefined };
    slots.add(slot);
    return slot;
  }

  async function work(slot: Slot, { job, signal, ...asked }: Waiting): Promise<void> {
    clearTimeout(slot.idle);
    slot.isBusy = true;
    try {
      signal.throwIfAborted();
      slot.process ??= await start().catch((error: unknown) => {
        throw new AppError('unavailable', 'Nothing can be decoded at the moment.', { cause: error });
      });
      if (isClosed) throw stopping();
      const since = performance.now();
      const outcome = await slot.process.run(job, signal).finally(() => {
        slot.workedMs += performance.now() - since;
      });
      if (isClosed) throw stopping();
      asked.resolve(outcome);
    } catch (error) {
      asked.reject(error);
    } finally {
      slot.isBusy = false;
      if (slot.process === undefined || !slot.process.isUsable() || slot.workedMs > WORKED_MS) end(slot);
      else {
        slot.idle = setTimeout(() => end(slot), idleMs);
        slot.idle.unref();
      }
      next();
    }
  }

  /** Those who have least at work come first, and of these who came first. */
  function next(): void {
    const atWork = Map.groupBy(slots, ({ workspaceId }) => workspaceId);
    const had = ({ job }: Waiting): number => atWork.get(job.workspaceId)?.length ?? 0;
    for (const one of waiting.toSorted((left, right) => had(left) - had(right))) {
      const slot = slotFor(one.job.workspaceId);
      if (slot === undefined) continue;
      waiting = waiting.filter((other) => other !== one);
      one.stopListening();
      void work(slot, one);
    }
  }

  function refuseTooMuch(job: DecodeJob): void {
    const held = (one: DecodeJob): number => one.parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const hasRoom = (jobs: readonly Waiting[], share: number): boolean => {
      const bytes = jobs.reduce((sum, one) => sum + held(one.job), held(job));
      return jobs.length === 0 || (jobs.length < waitingJobs * share && bytes <= waitingBytes * share);
    };
    const own = waiting.filter((one) => one.job.workspaceId === job.workspaceId);
    // A workspace of which nothing waits gets its turn, however much the others sent.
    if (own.length === 0 || (hasRoom(own, WORKSPACE_SHARE) && hasRoom(waiting, 1))) return;
    const message = 'Too many images and documents wait to be decoded; try again in a few seconds.';
    throw new AppError('unavailable', message, { retryAfterMs: 5_000 });
  }

  return {
    async decode(job, signal) {
      signal.throwIfAborted();
      if (isClosed) throw stopping();
      refuseTooMuch(job);
      return new Promise<DecodeOutcome>((resolve, reject) => {
        const one: Waiting = {
          job,
          signal,
          resolve,
          reject,
          stopListening: () => signal.removeEventListener('abort', onAbort),
        };
        const onAbort = (): void => {
          waiting = waiting.filter((other) => other !== one);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(one);
        next();
      });
    },
    async probe(): Promise<DecoderProbe> {
      try {
        const { confinement, detail } = await found();
        return { isolation: confinement.isolation, detail };
      } catch (error) {
        return noIsolation(error);
      }
    },
    known: () => known,
    async close() {
      isClosed = true;
      endNoting();
      for (const { reject, stopListening } of waiting.splice(0)) {
        stopListening();
        reject(stopping());
      }
      const ending = [...slots].flatMap((slot) => slot.process ?? []);
      const first = await finding?.then((one) => one.first).catch(() => undefined);
      for (const slot of slots) end(slot);
      for (const one of first === undefined ? ending : [first, ...ending]) {
        one.kill();
        await one.exited;
      }
    },
  };
}

function stopping(): AppError {
  return new AppError('unavailable', 'The service is stopping.');
}
