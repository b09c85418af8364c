import { availableParallelism } from 'node:os';
import { join, normalize } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError, isAppError } from '../../core/errors.ts';
import { areAttached, attachFiles, type AttachedFilesDeps } from './attached-files.ts';
import { createClaimedSandbox } from './claimed-sandbox.ts';
import { createClaims, isRecordName } from './claims.ts';
import { withHostLock } from './host-lock.ts';
import { createLaunchedArchive } from './launched-archive.ts';
import type { RoomSettings } from './room/default-running.ts';
import { createRunningRoom } from './room/running-room.ts';
import type { ApartSandboxes, SandboxDriver, SandboxFiles, SandboxSpec } from './sandbox.ts';
import { createGate } from '../gate/gate.ts';
import {
  createSandboxdClient,
  SandboxProtocolError,
  type SandboxdAddress,
  type SandboxdClient,
} from './sandboxd-client.ts';

/** How one technology starts, finds and ends the sandboxd of a session. Methods that change something are called with its lock held. */
export interface Launcher {
  kind: SandboxDriver['kind'];
  probe: SandboxDriver['probe'];
  /** Every session with files or processes on this host. */
  sessions(): Promise<string[]>;
  /** Whether the session has ever had a folder here. */
  hasTraces(sessionId: string): boolean;
  /** The host's own folder of claims. */
  claimsFolder(sessionId: string): string;
  lockFile(sessionId: string): string;
  /** Where attached files go on the host, and how they become the sandbox's. */
  attachments(sessionId: string): Omit<AttachedFilesDeps, 'reach'>;
  /** The outputs folder as sandboxd sees it. */
  outputsFolder(sessionId: string): string;
  /** Where the running sandbox listens; undefined when it does not run. */
  find(sessionId: string): Promise<SandboxdAddress | undefined>;
  /** Makes what must be there before anything is placed or started. */
  prepare(sessionId: string): Promise<void>;
  /**
   * Starts it. `failed` rejects when the sandbox ends before it ever answered, with what it said; it never resolves. `turn` is waited for
   * just before processes are started: many sandboxes that start at the same time would all be late.
   */
  boot(
    spec: SandboxSpec,
    turn: () => Promise<void>,
  ): Promise<{ address: SandboxdAddress; failed: Promise<never> }>;
  /** Ends whatever runs or is left of an earlier start. */
  clear(sessionId: string): Promise<void>;
  /** Removes files and notes. Nothing runs any more. */
  remove(sessionId: string): Promise<void>;
  /** Milliseconds without an answer after which a sandbox counts as stuck; by default a minute. */
  silenceMs?: number | undefined;
  /** The client of a sandbox that does not speak sandboxd's own protocol; by default that of sandboxd. */
  connect?(sessionId: string, address: SandboxdAddress): SandboxdClient;
  /** Of the archives of its sandboxes; by default those of sandboxd. */
  archiveFormat?: string;
  /** Its sandboxes live apart from this host; see {@link SandboxDriver.apart}. */
  apart?: {
    look(spec: SandboxSpec, what: 'if_known' | 'always'): Promise<'kept' | 'lost'>;
    renew(spec: SandboxSpec): Promise<void>;
  };
  /** Removes what no sandbox has used for long. */
  tidy?(): Promise<void>;
  /** Ends what all sandboxes of this host share; none runs any more. */
  endShared?(): Promise<void>;
  /** Throws where the disk of the host has no room for another sandbox that runs. */
  requireRoom?(): void;
  /** How many may run at once on this host; absent: any number. */
  room?: RoomSettings | undefined;
  /** Whether a sandbox counts among them; by default all do. */
  isCounted?(sessionId: string): boolean;
  /** Lets go of what this process holds; sandboxes live on. */
  release?(): void;
  log(message: string, details?: Record<string, string | number>): void;
}

const SANDBOXD_ARCHIVES = 'sandboxd-tar-zstd-1';
/** How long a sandbox may take until it answers for the first time. */
const START_MS = 20_000;
/** A sandbox that dies breaks its connection before its last words arrive. */
const LAST_WORDS_MS = 500;

async function untilAnswer(client: SandboxdClient, failed: Promise<never>): Promise<void> {
  const over = new AbortController();
  // Once the sandbox has answered, its end is nobody's failure here.
  failed.catch(() => {});
  const pause = (milliseconds: number): Promise<void> =>
    delay(milliseconds, undefined, { signal: over.signal });
  const late = pause(START_MS).then(() => {
    throw new AppError('sandbox_unavailable', `The sandbox did not answer within ${START_MS / 1_000} s.`);
  });
  late.catch(() => {});
  try {
    const answer = client.status().catch(async (error: unknown) => {
      await Promise.race([failed, pause(LAST_WORDS_MS)]);
      throw new AppError('sandbox_unavailable', `The sandbox did not answer: ${String(error)}`, {
        cause: error,
      });
    });
    await Promise.race([answer, failed, late]);
  } finally {
    over.abort();
  }
}

/** A driver for sandboxes that have a sandboxd, from what its launcher can do. */
export function createLaunchedDriver(launcher: Launcher): SandboxDriver {
  const clients = new Map<string, SandboxdClient>();
  const starting = new Map<string, Promise<SandboxdClient>>();
  const starts = createGate(Math.max(4, 2 * availableParallelism()));
  const isRunning = async (sessionId: string): Promise<boolean> =>
    (await launcher.find(sessionId)) !== undefined;
  const room =
    launcher.room &&
    createRunningRoom({
      settings: launcher.room,
      isRunning,
      rest,
      log: (...line) => launcher.log(...line),
    });
  const isCounted = (sessionId: string): boolean => launcher.isCounted?.(sessionId) ?? true;

  const locked = <Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> =>
    withHostLock(launcher.lockFile(sessionId), work);

  function checkName(sessionId: string): void {
    if (isRecordName(sessionId)) return;
    throw new AppError('invalid_request', `Not a session id: ${JSON.stringify(sessionId)}`);
  }
  function connect(sessionId: string, address: SandboxdAddress): SandboxdClient {
    const known = clients.get(sessionId);
    if (known !== undefined) return known;
    const client =
      launcher.connect?.(sessionId, address) ?? createSandboxdClient(address, launcher.silenceMs);
    clients.set(sessionId, client);
    return client;
  }
  function disconnect(sessionId: string): void {
    clients.get(sessionId)?.close();
    clients.delete(sessionId);
  }

  /** To the model, and to those that try again, a host without room is one whose sandboxes can't be had. */
  function checkRoom(): void {
    try {
      launcher.requireRoom?.();
    } catch (error) {
      if (!isAppError(error)) throw error;
      throw new AppError('sandbox_unavailable', error.message, { cause: error });
    }
  }

  /** Stops a sandbox in which nothing runs; the sandbox itself decides, so that no call that comes now is lost. */
  async function rest(sessionId: string): Promise<boolean> {
    const client = await find(sessionId);
    if ((await client?.rest?.()) !== true) return false;
    disconnect(sessionId);
    return true;
  }

  /** The room is waited for without the session's lock: whoever makes some must not wait for one who wants some. */
  async function start(spec: SandboxSpec): Promise<SandboxdClient> {
    const { sessionId } = spec;
    if (room === undefined || !isCounted(sessionId) || (await isRunning(sessionId))) return boot(spec);
    const place = await room.enter(sessionId);
    try {
      return await boot(spec, () => place.taken());
    } finally {
      place.leave();
    }
  }

  /** @param onStarted - told when this started it, and nobody else did. */
  async function boot(spec: SandboxSpec, onStarted = (): void => {}): Promise<SandboxdClient> {
    const { sessionId } = spec;
    return locked(sessionId, async () => {
      const running = await launcher.find(sessionId);
      if (running !== undefined) return connect(sessionId, running);
      checkRoom();
      const startedAt = performance.now();
      disconnect(sessionId);
      await launcher.clear(sessionId);
      await launcher.prepare(sessionId);
      let giveBack = (): void => {};
      const turn = async (): Promise<void> => {
        giveBack = await starts.enter();
      };
      let client: SandboxdClient;
      try {
        const { address, failed } = await launcher.boot(spec, turn);
        client = connect(sessionId, address);
        await untilAnswer(client, failed);
      } catch (error) {
        disconnect(sessionId);
        await launcher.clear(sessionId);
        throw error;
      } finally {
        giveBack();
      }
      onStarted();
      launcher.log('sandbox started', { session: sessionId, ms: Math.round(performance.now() - startedAt) });
      return client;
    });
  }

  async function reach(spec: SandboxSpec): Promise<SandboxdClient> {
    const known = clients.get(spec.sessionId);
    if (known !== undefined) {
      if (isCounted(spec.sessionId)) room?.used(spec.sessionId);
      return known;
    }
    let started = starting.get(spec.sessionId);
    if (started === undefined) {
      started = start(spec).finally(() => starting.delete(spec.sessionId));
      starting.set(spec.sessionId, started);
    }
    return started;
  }

  async function find(sessionId: string): Promise<SandboxdClient | undefined> {
    const address = await launcher.find(sessionId);
    return address === undefined ? undefined : connect(sessionId, address);
  }

  /** Also true for one that does not run. */
  async function answers(sessionId: string, withinMs: number): Promise<boolean> {
    const client = await find(sessionId);
    if (client === undefined) return true;
    const answer = client.status().then(
      () => true,
      () => false,
    );
    return Promise.race([answer, delay(withinMs, false, { ref: false })]);
  }

  function filesOf(spec: SandboxSpec): SandboxFiles {
    const { sessionId } = spec;
    const attachments = { ...launcher.attachments(sessionId), reach: () => reach(spec) };
    return {
      async attach(files) {
        if (areAttached(attachments, files)) return;
        // A lock of its own: a file for the workspace may have to start the sandbox, which takes the other.
        await locked(sessionId, () => launcher.prepare(sessionId));
        await withHostLock(`${launcher.lockFile(sessionId)}-files`, () => attachFiles(attachments, files));
      },
      async outputs() {
        const client = await find(sessionId);
        return client === undefined ? [] : (await client.outputs()).files;
      },
      async keepOutput(name, text) {
        checkName(name);
        return (await reach(spec)).keepOutput(name, text);
      },
      async openOutput(path) {
        if (path.startsWith('/') || normalize(path) !== path || path.split('/').includes('..')) {
          throw new AppError('not_found', `There is no output ${path}.`);
        }
        const client = await reach(spec);
        try {
          return await client.read(join(launcher.outputsFolder(sessionId), path));
        } catch (error) {
          if (!(error instanceof SandboxProtocolError)) throw error;
          throw new AppError('not_found', `There is no output ${path}.`, { cause: error });
        }
      },
    };
  }

  function apartOf({ look, renew }: NonNullable<Launcher['apart']>): ApartSandboxes {
    /** Under the lock, and without a client that may speak with a container that is gone. */
    const alone = <Result>(spec: SandboxSpec, work: () => Promise<Result>): Promise<Result> => {
      checkName(spec.sessionId);
      return locked(spec.sessionId, async () => {
        await launcher.prepare(spec.sessionId);
        return work();
      });
    };
    return {
      look: (spec, what) => alone(spec, () => look(spec, what)),
      renew: (spec) =>
        alone(spec, () => {
          disconnect(spec.sessionId);
          return renew(spec);
        }),
    };
  }

  return {
    kind: launcher.kind,
    ...(launcher.apart === undefined ? {} : { apart: apartOf(launcher.apart) }),
    async probe() {
      const probe = await launcher.probe();
      if (launcher.room === undefined || !probe.ok) return probe;
      const { count, sentence } = await launcher.room.most();
      return { ...probe, maxRunning: count, limits: [...probe.limits, sentence] };
    },
    open(spec) {
      const { sessionId } = spec;
      checkName(sessionId);
      const prepare = (): Promise<void> => locked(sessionId, () => launcher.prepare(sessionId));
      const archive = createLaunchedArchive({
        format: launcher.archiveFormat ?? SANDBOXD_ARCHIVES,
        manifest: launcher.attachments(sessionId).manifest,
        hasTraces: () => launcher.hasTraces(sessionId),
        reach: () => reach(spec),
        prepare,
      });
      return createClaimedSandbox({
        archive,
        spec,
        claims: createClaims(launcher.claimsFolder(sessionId)),
        prepare,
        reach: () => reach(spec),
        find: () => find(sessionId),
        files: filesOf(spec),
        end: (client) =>
          locked(sessionId, async () => {
            if (clients.get(sessionId) !== client) return;
            launcher.log('a sandbox that answers nobody is ended', { session: sessionId });
            disconnect(sessionId);
            await launcher.clear(sessionId);
          }),
        suspect(client) {
          if (clients.get(sessionId) === client) disconnect(sessionId);
        },
      });
    },
    async ensure(spec) {
      checkName(spec.sessionId);
      await start(spec);
    },
    async stop(sessionId) {
      checkName(sessionId);
      if (!launcher.hasTraces(sessionId)) return;
      await locked(sessionId, async () => {
        disconnect(sessionId);
        await launcher.clear(sessionId);
        room?.left(sessionId);
      });
    },
    async destroy(sessionId) {
      checkName(sessionId);
      if (!launcher.hasTraces(sessionId)) return;
      await locked(sessionId, async () => {
        disconnect(sessionId);
        await launcher.clear(sessionId);
        room?.left(sessionId);
        await launcher.remove(sessionId);
      });
    },
    async list() {
      const rows = (await launcher.sessions()).map(async (sessionId) => ({
        sessionId,
        state: (await launcher.find(sessionId)) === undefined ? ('stopped' as const) : ('running' as const),
      }));
      return Promise.all(rows);
    },
    async endSilent(withinMs) {
      const looks = (await launcher.sessions()).map(async (sessionId) => {
        if (await answers(sessionId, withinMs)) return [];
        return locked(sessionId, async () => {
          // It may have been about to start.
          if (await answers(sessionId, withinMs)) return [];
          disconnect(sessionId);
          await launcher.clear(sessionId);
          return [sessionId];
        });
      });
      return (await Promise.all(looks)).flat();
    },
    async tidy() {
      await launcher.tidy?.();
    },
    async endShared() {
      await launcher.endShared?.();
    },
    close() {
      for (const sessionId of clients.keys()) disconnect(sessionId);
      launcher.release?.();
      return Promise.resolve();
    },
  };
}
