import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../../core/errors.ts';
import { signalQuietly } from '../../../sandboxd/processes.ts';
import { noteUse } from '../../host/unused-folders.ts';
import { NO_NETWORK_SETTINGS, type NetworkSettings } from '../../network/proxy-route.ts';
import type { SandboxEnvironment } from '../environment.ts';
import { createLaunchedDriver, type Launcher } from '../launched-driver.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../limits.ts';
import { isNoteAlive, noteOf } from '../running-note.ts';
import { createPackageCache } from '../packages/package-cache.ts';
import { createPackageFolders } from '../packages/package-folders.ts';
import { installedFor } from '../packages/installed-for.ts';
import { createPackageInstaller, type InstallerEnvironment } from '../packages/package-installer.ts';
import { readBootLog } from '../read-boot-log.ts';
import { memoryHere, roomSettings, type MaxRunning } from '../room/default-running.ts';
import { prepareRuntime, removeUnusedRuntimes, type RuntimeFiles } from '../runtime-files.ts';
import type { SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { bubblewrapArguments, HIDDEN_PROC, INSIDE } from './arguments.ts';
import type { Cgroups } from './cgroups.ts';
import { createBubblewrapEgress } from './egress.ts';
import { findChromium } from './find-chromium.ts';
import { createSizedDisks } from './disk/sized-disks.ts';
import type { SessionDisk } from './disk/mount-words.ts';
import { detectCgroups } from './detect-cgroups.ts';
import { emptyFiles } from './empty-files.ts';
import { startGroupWatch } from './group-watch.ts';
import { createIdRegistry, type IdRegistry } from './id-registry.ts';
import { DEFAULT_ROOT_RANGE, identitySource, type Identity, type IdRange } from './identity.ts';
import { insideSettings } from './inside-settings.ts';
import { boundTerminals } from './kernel/bound-terminals.ts';
import { DESCRIPTORS, launch } from './launch.ts';
import { listeningSocket } from '../listening-socket.ts';
import { placesOf } from '../places.ts';
import { probeBubblewrap } from './probe.ts';
import { killAllOf } from './process-owner.ts';
import { checkSource } from './sources/check-source.ts';
import { sessionSources } from './sources/session-sources.ts';
import { makeToolOutputs } from './sources/tool-outputs.ts';
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
  /** What a session's environment decides, asked at every start of its sandbox. Without it sandboxes have no network. */
  environmentOf?: (spec: SandboxSpec) => Promise<SandboxEnvironment>;
  /** Private networks, such as `10.1.0.0/16`, that sandboxes may reach all the same. */
  privateNetworks?: readonly string[];
  /** The proxy of the operator’s network and its authorities. */
  wayOut?: NetworkSettings;
  /** New sessions get a file system of their own size, where root can mount one. */
  sizesDisks?: boolean;
  /** The control groups that sandboxes are put in; by default those that the host lets the service make. */
  cgroups?: Cgroups;
  /** Milliseconds without use after which a set of packages is removed; null or none: never. */
  packagesUnusedMs?: number | null;
  /** Sandboxes that run at once; by default any number. */
  maxRunning?: MaxRunning;
  /** Throws where the disk of the host has no room for another sandbox that runs. */
  requireRoom?(): void;
  /** What stays free of the disk while commands write; null or none: a share of it. */
  reserveBytes?: number | null;
  /** Milliseconds without an answer after which a sandbox counts as stuck; by default a minute. */
  silenceMs?: number;
  log(message: string, details?: Record<string, string | number>): void;
}

/** Sandboxes made of kernel namespaces by bubblewrap, one process tree per session, on this host. */
export function createBubblewrapDriver(options: BubblewrapOptions): SandboxDriver {
  const uid = process.getuid?.() ?? -1;
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, uid);
  if (places.isElsewhere) {
    options.log('sandboxes lie outside the data folder, which other users cannot enter', {
      folder: places.base,
    });
  }
  const source = identitySource(uid, options.idRange ?? DEFAULT_ROOT_RANGE);
  const cgroups = options.cgroups ?? detectCgroups(uid);
  const disks =
    source.kind === 'pair' && options.sizesDisks === true
      ? createSizedDisks(places.base, limits, options.log)
      : undefined;
  const diskOf = (folder: SessionFolder): SessionDisk | undefined =>
    existsSync(folder.image) ? { image: folder.image, files: folder.files } : undefined;
  const tops = topFolders();
  const chromium = findChromium();
  const hiddenProc = HIDDEN_PROC.filter((name) => existsSync(`/proc/${name}`));
  const registry =
    source.kind === 'single'
      ? undefined
      : createIdRegistry(places.ids, source.range, source.kind === 'pair' ? 2 : 1);

  const shortName = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20);
  const socketPath = (sessionId: string): string => join(places.sockets, `${shortName(sessionId)}.sock`);
  const folderOf = (sessionId: string): SessionFolder => sessionFolder(places.base, sessionId);
  const groups = shortName(places.base).slice(0, 8);
  const cgroupPrefix = `${groups}-`;
  const cgroupName = (sessionId: string): string => `${cgroupPrefix}${shortName(sessionId)}`;
  const groupWatch = startGroupWatch(cgroups, { all: groups, sandboxes: cgroupPrefix }, options.log);

  let hasAdopted = false;
  /** The registry may lie on a disk that went with a container, while the sessions' folders stayed. */
  function adoptIds(ids: IdRegistry): void {
    if (hasAdopted) return;
    for (const folder of sessionIds().map(folderOf)) {
      const identity = folder.identity();
      if (identity?.kind === 'pair') ids.adopt(folder.path, identity.keeper);
      if (identity?.kind === 'subordinate') ids.adopt(folder.path, identity.agent);
    }
    hasAdopted = true;
  }

  async function identityOf(folder: SessionFolder): Promise<Identity> {
    const known = folder.identity();
    if (known !== undefined) return known;
    let identity: Identity = { kind: 'single' };
    if (registry !== undefined) {
      adoptIds(registry);
      const first = await registry.claim(folder.path);
      identity =
        source.kind === 'pair'
          ? { kind: 'pair', keeper: first, agent: first + 1 }
          : { kind: 'subordinate', keeper: uid, agent: first };
    }
    folder.saveIdentity(identity);
    return identity;
  }

  let runtime: RuntimeFiles | undefined;
  let endNoting = (): void => {};
  const runtimeFiles = (): RuntimeFiles => {
    if (runtime === undefined) {
      runtime = prepareRuntime(places.base, options.nodePath ?? process.execPath);
      endNoting = noteUse(dirname(runtime.sandboxd));
    }
    return runtime;
  };
  const sessionIds = (): string[] => {
    const root = join(places.base, 'sandboxes');
    return existsSync(root) ? readdirSync(root) : [];
  };

  const egress = createBubblewrapEgress({
    places,
    registry: source.kind === 'pair' ? registry : undefined,
    cgroups,
    group: `${groups}.egress`,
    runtime: runtimeFiles,
    exceptions: [...(options.privateNetworks ?? [])],
    network: options.wayOut ?? NO_NETWORK_SETTINGS,
    folders: () => sessionIds().map((sessionId): [string, SessionFolder] => [sessionId, folderOf(sessionId)]),
    log: options.log,
  });

  const installers = new Map<string, InstallerEnvironment>();
  const installer = createPackageInstaller({
    driver: () => driver,
    announce(sessionId, environment) {
      if (environment === null) installers.delete(sessionId);
      else installers.set(sessionId, environment);
    },
    async entrust(sessionId, place) {
      await prepare(sessionId);
      const identity = await identityOf(folderOf(sessionId));
      if (identity.kind === 'pair') chownSync(place, identity.keeper, identity.keeper);
    },
    async empty(sessionId, folder) {
      const identity = folderOf(sessionId).identity();
      if (identity === undefined) return;
      const logFile = folderOf(sessionId).bootLog;
      await emptyFiles({
        identity,
        folder,
        logFile,
        system: prepareSystemFiles(places.base, options.wayOut?.authorities),
        topFolders: tops,
      });
    },
  });
  const packagesBase = join(places.base, 'packages');
  const packageFolders = createPackageFolders({ ...installer, base: packagesBase });
  const packageCache = createPackageCache(packageFolders, places.sockets);

  async function prepare(sessionId: string): Promise<void> {
    const folder = folderOf(sessionId);
    mkdirSync(folder.path, { recursive: true, mode: uid === 0 ? 0o711 : 0o700 });
    const identity = await identityOf(folder);
    // A sandbox that installs packages writes to the folder that others will share.
    if (!existsSync(folder.files) && !installers.has(sessionId) && (await disks?.isUsable()) === true)
      await disks?.create(folder.image);
    folder.create(identity.kind === 'pair' ? identity.keeper : undefined);
  }

  async function boot(spec: SandboxSpec, turn: () => Promise<void>): ReturnType<Launcher['boot']> {
    const { sessionId } = spec;
    const installing = installers.get(sessionId);
    const environment = installing ?? (await options.environmentOf?.(spec)) ?? { network: { mode: 'none' } };
    const ready = await installedFor(packageCache, environment, (message, details) =>
      options.log(message, details),
    );
    const folder = folderOf(sessionId);
    const identity = await identityOf(folder);
    const { network } = environment;
    const disk = diskOf(folder);
    const packages =
      installing === undefined
        ? ready && ({ folder: ready.installed.place, use: 'read' } as const)
        : ({ folder: installing.fills, use: 'install' } as const);
    const checkSources = (): void => {
      for (const bound of sessionSources(folder, identity, uid, disk !== undefined))
        checkSource(folder.path, bound);
      // The users of the sandbox that filled it may be another sandbox's by now.
      if (packages !== null)
        checkSource(packagesBase, { path: packages.folder, type: 'folder', isOwner: () => true });
    };
    if (disk === undefined) makeToolOutputs(folder, identity, uid);
    checkSources();
    folder.saveNetwork(network);
    const hasNetwork = network.mode !== 'none';
    const opened = hasNetwork ? egress.open(sessionId, folder, identity) : Promise.resolve();
    // Reported below, unless the sandbox itself fails first.
    opened.catch(() => {});
    const system = prepareSystemFiles(places.base, options.wayOut?.authorities);
    const bootId = randomUUID();
    const settings = insideSettings({
      boot: bootId,
      identity,
      limits,
      isMemoryBound: cgroups.version !== 'none',
      hasNetwork,
      chromium,
      packages: ready?.packages,
      fillsPackages: installing !== undefined,
      reserveBytes: options.reserveBytes ?? null,
      isDiskSized: disk !== undefined,
    });
    const words = bubblewrapArguments(
      {
        identity,
        paths: folder.paths,
        runtime: runtimeFiles(),
        system,
        limits,
        topFolders: tops,
        hiddenProc,
        packages,
        descriptors: DESCRIPTORS,
      },
      JSON.stringify(settings),
    );
    await turn();
    checkSources();
    const socket = await listeningSocket(socketPath(sessionId));
    let launched;
    try {
      launched = await launch({
        identity,
        words,
        socket: socket.descriptor,
        seccompFile: system.seccomp({
          isMemoryCounted: cgroups.version !== 'none',
          isDiskSized: disk !== undefined,
        }),
        logFile: folder.bootLog,
        disk,
        cgroupFiles: cgroups.create(cgroupName(sessionId), limits),
      });
    } finally {
      await socket.release();
    }
    folder.saveRunning(noteOf(launched.pid, bootId));
    const bounded = boundTerminals(identity, launched.pid).catch((error: unknown) =>
      options.log('the terminals of a sandbox are bounded by its watch only', {
        session: sessionId,
        error: String(error),
      }),
    );
    await Promise.all([opened, bounded]);
    const failed = launched.exited.then((code) => {
      const words = readBootLog(folder.bootLog);
      throw new AppError('sandbox_unavailable', `The sandbox ended while it started (${code}): ${words}`);
    });
    return { address: { socketPath: socketPath(sessionId) }, failed };
  }

  async function clear(sessionId: string): Promise<void> {
    const folder = folderOf(sessionId);
    const note = folder.running();
    if (note !== undefined && isNoteAlive(note)) {
      // The end of process number 1 ends its namespace with everything in it.
      signalQuietly(note.pid, 'SIGKILL');
      for (let round = 0; round < 1_000 && isNoteAlive(note); round++) await delay(5);
    }
    const identity = folder.identity();
    if (identity?.kind === 'pair' && !(await killAllOf([identity.keeper, identity.agent]))) {
      throw new AppError('sandbox_unavailable', `Processes of session ${sessionId} cannot be ended.`);
    }
    if (diskOf(folder) !== undefined) await disks?.untilFree(folder.image);
    await egress.close(sessionId, folder);
    rmSync(socketPath(sessionId), { force: true });
    cgroups.remove(cgroupName(sessionId));
  }

  async function remove(sessionId: string): Promise<void> {
    const folder = folderOf(sessionId);
    const identity = folder.identity();
    // A disk of its own goes as one file.
    if (identity !== undefined && diskOf(folder) === undefined && existsSync(folder.files)) {
      const system = prepareSystemFiles(places.base, options.wayOut?.authorities);
      await emptyFiles({ identity, folder: folder.files, logFile: folder.bootLog, system, topFolders: tops });
    }
    rmSync(folder.path, { recursive: true, force: true });
    if (identity?.kind === 'pair') registry?.release(folder.path, identity.keeper);
    if (identity?.kind === 'subordinate') registry?.release(folder.path, identity.agent);
  }

  const driver = createLaunchedDriver({
    kind: 'bubblewrap',
    silenceMs: options.silenceMs,
    probe() {
      // Made now, the runtime does not cost the first session its time.
      runtimeFiles();
      const isSized = disks?.isUsable() ?? false;
      return probeBubblewrap({ source, cgroups, base: places.base, topFolders: tops, isSized });
    },
    sessions: () => Promise.resolve(sessionIds()),
    requireRoom: () => options.requireRoom?.(),
    room: roomSettings(options.maxRunning ?? 'unlimited', join(places.sockets, 'running'), memoryHere),
    isCounted: (sessionId) => !installers.has(sessionId),
    hasTraces: (sessionId) => existsSync(folderOf(sessionId).path),
    claimsFolder: (sessionId) => folderOf(sessionId).claims,
    lockFile: (sessionId) => join(places.sockets, `${shortName(sessionId)}.lock`),
    find(sessionId) {
      const note = folderOf(sessionId).running();
      const isAlive = note !== undefined && isNoteAlive(note);
      return Promise.resolve(isAlive ? { socketPath: socketPath(sessionId) } : undefined);
    },
    attachments(sessionId) {
      const folder = folderOf(sessionId);
      return {
        uploads: folder.paths.uploads,
        manifest: folder.manifest,
        workspacePath: (relative) => join(INSIDE.workdir, relative),
        entrust(path) {
          // Other users of the host have no business with the user's files; with subordinate ids the session's folder keeps them out.
          const identity = folder.identity();
          if (identity?.kind !== 'pair') return;
          chownSync(path, 0, identity.agent);
          chmodSync(path, lstatSync(path).isDirectory() ? 0o750 : 0o640);
        },
      };
    },
    outputsFolder: () => INSIDE.outputs,
    prepare,
    boot,
    clear,
    remove,
    endShared: () => egress.end(),
    async tidy() {
      const runtimes = removeUnusedRuntimes(places.base, runtimeFiles());
      const { packagesUnusedMs: unusedMs = null } = options;
      const sets = unusedMs === null ? [] : await packageFolders.removeUnused(unusedMs);
      if (runtimes.length + sets.length === 0) return;
      options.log('what no sandbox has used for long was removed', {
        runtimes: runtimes.join(' '),
        packages: sets.join(' '),
      });
    },
    release() {
      endNoting();
      egress.release();
      groupWatch.end();
    },
    log: options.log,
  });
  return driver;
}
