import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../../core/errors.ts';
import { readProcess, signalQuietly } from '../../../sandboxd/processes.ts';
import type { Settings } from '../../../sandboxd/settings.ts';
import { createClaimedSandbox } from '../claimed-sandbox.ts';
import { createClaims, isRecordName } from '../claims.ts';
import { withHostLock } from '../host-lock.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../limits.ts';
import { prepareRuntime } from '../runtime-files.ts';
import type { SandboxDriver, SandboxInfo } from '../sandbox.ts';
import { createSandboxdClient, type SandboxdClient } from '../sandboxd-client.ts';
import { bubblewrapArguments, HIDDEN_PROC, INSIDE } from './arguments.ts';
import { detectCgroups } from './cgroup.ts';
import { emptyFiles } from './empty-files.ts';
import { createIdRegistry } from './id-registry.ts';
import { DEFAULT_ROOT_RANGE, identitySource, type Identity, type IdRange } from './identity.ts';
import { AGENT_ID, DESCRIPTORS, launch } from './launch.ts';
import { listeningSocket } from './listening-socket.ts';
import { placesOf } from './places.ts';
import { probeBubblewrap } from './probe.ts';
import { killAllOf } from './process-owner.ts';
import { sessionFolder, type SessionFolder } from './session-folder.ts';
import { prepareSystemFiles } from './system-files.ts';
import { topFolders } from './top-folders.ts';

export interface BubblewrapOptions {
  /** The service's data folder; as root, sandboxes move to /var/lib when other users can't pass through it. */
  dataFolder: string;
  limits?: Partial<SandboxLimits>;
  /** Where root takes the sandboxes' user ids from. */
  idRange?: IdRange;
  /** The node that runs in sandboxes; by default the one that runs this. */
  nodePath?: string;
  log(message: string, details?: Record<string, string | number>): void;
}

const START_MS = 20_000;
const SEARCH_PATH = `${INSIDE.home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/sandbox/bin`;

/** Sandboxes made of kernel namespaces by bubblewrap, one process tree per session, on this host. */
export function createBubblewrapDriver(options: BubblewrapOptions): SandboxDriver {
  const uid = process.getuid?.() ?? -1;
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, uid);
  if (!places.base.startsWith(options.dataFolder) && uid === 0) {
    options.log('sandboxes lie outside the data folder, which other users cannot enter', {
      folder: places.base,
    });
  }
  const source = identitySource(uid, options.idRange ?? DEFAULT_ROOT_RANGE);
  const cgroups = detectCgroups(uid);
  const tops = topFolders();
  const hiddenProc = HIDDEN_PROC.filter((name) => existsSync(`/proc/${name}`));
  const registry =
    source.kind === 'single'
      ? undefined
      : createIdRegistry(places.ids, source.range, source.kind === 'pair' ? 2 : 1);
  const clients = new Map<string, SandboxdClient>();
  const starting = new Map<string, Promise<SandboxdClient>>();

  const shortName = (sessionId: string): string =>
    createHash('sha256').update(sessionId).digest('hex').slice(0, 20);
  const socketPath = (sessionId: string): string => join(places.sockets, `${shortName(sessionId)}.sock`);
  const locked = <Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> =>
    withHostLock(join(places.sockets, `${shortName(sessionId)}.lock`), work);
  const cgroupName = (sessionId: string): string =>
    `${shortName(places.base).slice(0, 8)}-${shortName(sessionId)}`;

  function folderOf(sessionId: string): SessionFolder {
    if (!isRecordName(sessionId))
      throw new AppError('invalid_request', `Not a session id: ${JSON.stringify(sessionId)}`);
    return sessionFolder(places.base, sessionId);
  }
  function isAlive(folder: SessionFolder): boolean {
    const note = folder.running();
    return note !== undefined && readProcess(note.pid)?.startTime === note.startTime;
  }
  function connect(sessionId: string): SandboxdClient {
    const known = clients.get(sessionId);
    if (known !== undefined) return known;
    const client = createSandboxdClient({ socketPath: socketPath(sessionId) });
    clients.set(sessionId, client);
    return client;
  }
  function disconnect(sessionId: string): void {
    clients.get(sessionId)?.close();
    clients.delete(sessionId);
  }

  async function identityOf(folder: SessionFolder): Promise<Identity> {
    const known = folder.identity();
    if (known !== undefined) return known;
    let identity: Identity = { kind: 'single' };
    if (registry !== undefined) {
      const first = await registry.claim(folder.path);
      identity =
        source.kind === 'pair'
          ? { kind: 'pair', keeper: first, agent: first + 1 }
          : { kind: 'subordinate', keeper: uid, agent: first };
    }
    folder.saveIdentity(identity);
    return identity;
  }

  function settingsOf(boot: string, identity: Identity): Settings {
    return {
      boot,
      state: INSIDE.state,
      workdir: INSIDE.workdir,
      home: INSIDE.home,
      outputsPath: INSIDE.toolOutputs,
      agentFolders: [INSIDE.workdir, INSIDE.home, INSIDE.outputs],
      agent: identity.kind === 'single' ? null : { uid: AGENT_ID, gid: AGENT_ID },
      claims: INSIDE.claims,
      processes: 'all',
      path: SEARCH_PATH,
      idleMs: limits.idleMs,
      memoryBytes: cgroups.version === 'none' ? limits.memoryBytes : 0,
      diskBytes: limits.diskBytes,
      diskFiles: limits.diskFiles,
      listen: { fd: DESCRIPTORS.socket },
    };
  }

  /** Ends what an earlier start left. The lock is held. */
  async function clear(sessionId: string, folder: SessionFolder): Promise<void> {
    disconnect(sessionId);
    const note = folder.running();
    if (note !== undefined && readProcess(note.pid)?.startTime === note.startTime) {
      // The end of process number 1 ends its namespace with everything in it.
      signalQuietly(note.pid, 'SIGKILL');
      for (let round = 0; round < 1_000 && readProcess(note.pid)?.startTime === note.startTime; round++)
        await delay(5);
    }
    const identity = folder.identity();
    if (identity?.kind === 'pair' && !(await killAllOf([identity.keeper, identity.agent]))) {
      throw new AppError('sandbox_unavailable', `Processes of session ${sessionId} cannot be ended.`);
    }
    rmSync(socketPath(sessionId), { force: true });
    cgroups.remove(cgroupName(sessionId));
  }

  /** Starts the sandbox, and returns when it answers. The lock is held. */
  async function boot(sessionId: string, folder: SessionFolder): Promise<SandboxdClient> {
    const identity = await identityOf(folder);
    folder.create(identity.kind === 'pair' ? identity.keeper : undefined);
    const system = prepareSystemFiles(places.base);
    const runtime = prepareRuntime(places.base, options.nodePath ?? process.execPath);
    const bootId = randomUUID();
    const words = bubblewrapArguments(
      {
        identity,
        paths: folder.paths,
        runtime,
        system,
        limits,
        topFolders: tops,
        hiddenProc,
        descriptors: DESCRIPTORS,
      },
      JSON.stringify(settingsOf(bootId, identity)),
    );
    const socket = await listeningSocket(socketPath(sessionId));
    let launched;
    try {
      launched = await launch({
        identity,
        words,
        socket: socket.descriptor,
        seccompFile: system.seccomp,
        logFile: folder.bootLog,
        cgroupFiles: cgroups.create(cgroupName(sessionId), limits),
      });
    } finally {
      await socket.release();
    }
    folder.saveRunning({
      pid: launched.pid,
      startTime: readProcess(launched.pid)?.startTime ?? '',
      boot: bootId,
    });
    const client = connect(sessionId);
    const failed = launched.exited.then((code) => {
      throw new AppError(
        'sandbox_unavailable',
        `The sandbox ended while it started (${code}): ${readFileSync(folder.bootLog, 'utf8').trim().slice(0, 2000)}`,
      );
    });
    // Once the sandbox has answered, its end is nobody's failure.
    failed.catch(() => {});
    const late = new AbortController();
    try {
      await Promise.race([
        client.status().catch(async (error: unknown) => {
          // A sandbox that dies breaks the connection first; what it said is the better message.
          await Promise.race([failed, delay(500, undefined, { signal: late.signal })]);
          throw error;
        }),
        failed,
        delay(START_MS, undefined, { signal: late.signal }).then(() => {
          throw new AppError(
            'sandbox_unavailable',
            `The sandbox did not answer within ${START_MS / 1000} s.`,
          );
        }),
      ]);
    } catch (error) {
      await clear(sessionId, folder);
      throw error instanceof AppError
        ? error
        : new AppError('sandbox_unavailable', `The sandbox did not answer: ${String(error)}`, {
            cause: error,
          });
    } finally {
      late.abort();
    }
    return client;
  }

  function start(sessionId: string): Promise<SandboxdClient> {
    const folder = folderOf(sessionId);
    return locked(sessionId, async () => {
      if (isAlive(folder)) return connect(sessionId);
      const startedAt = performance.now();
      mkdirSync(folder.path, { recursive: true, mode: 0o711 });
      await clear(sessionId, folder);
      const client = await boot(sessionId, folder);
      options.log('sandbox started', { session: sessionId, ms: Math.round(performance.now() - startedAt) });
      return client;
    });
  }

  async function reach(sessionId: string): Promise<SandboxdClient> {
    const known = clients.get(sessionId);
    if (known !== undefined) return known;
    let started = starting.get(sessionId);
    if (started === undefined) {
      started = start(sessionId).finally(() => starting.delete(sessionId));
      starting.set(sessionId, started);
    }
    return started;
  }

  async function stop(sessionId: string): Promise<void> {
    const folder = folderOf(sessionId);
    if (!existsSync(folder.path)) return;
    await locked(sessionId, () => clear(sessionId, folder));
  }

  return {
    kind: 'bubblewrap',
    probe: () => probeBubblewrap({ source, cgroups, base: places.base, topFolders: tops }),
    open(spec) {
      const { sessionId } = spec;
      const folder = folderOf(sessionId);
      return createClaimedSandbox({
        spec,
        claims: createClaims(folder.claims),
        reach: () => reach(sessionId),
        find: () => Promise.resolve(isAlive(folder) ? connect(sessionId) : undefined),
        suspect(client) {
          if (clients.get(sessionId) === client) disconnect(sessionId);
        },
      });
    },
    async ensure(spec) {
      await start(spec.sessionId);
    },
    stop,
    async destroy(sessionId) {
      const folder = folderOf(sessionId);
      if (!existsSync(folder.path)) return;
      await locked(sessionId, async () => {
        await clear(sessionId, folder);
        const identity = folder.identity();
        if (identity !== undefined && existsSync(folder.files)) {
          const system = prepareSystemFiles(places.base);
          await emptyFiles({
            identity,
            folder: folder.files,
            logFile: folder.bootLog,
            system,
            topFolders: tops,
          });
        }
        rmSync(folder.path, { recursive: true, force: true });
        if (identity?.kind === 'pair') registry?.release(folder.path, identity.keeper);
        if (identity?.kind === 'subordinate') registry?.release(folder.path, identity.agent);
      });
    },
    list() {
      const root = join(places.base, 'sandboxes');
      const names = existsSync(root) ? readdirSync(root) : [];
      const rows = names.map((sessionId): SandboxInfo => ({
        sessionId,
        state: isAlive(folderOf(sessionId)) ? 'running' : 'stopped',
      }));
      return Promise.resolve(rows);
    },
    close() {
      for (const sessionId of clients.keys()) disconnect(sessionId);
      return Promise.resolve();
    },
  };
}
