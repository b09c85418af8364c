import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../../core/errors.ts';
import { hostAddresses } from '../../network/host-addresses.ts';
import { NO_NETWORK_SETTINGS, type NetworkSettings } from '../../network/proxy-route.ts';
import { INSIDE } from '../bubblewrap/arguments.ts';
import { insideSettings } from '../bubblewrap/inside-settings.ts';
import type { SandboxEnvironment } from '../environment.ts';
import { createLaunchedDriver, type Launcher } from '../launched-driver.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../limits.ts';
import { placesOf } from '../places.ts';
import { memoryHere, roomSettings, type MaxRunning } from '../room/default-running.ts';
import type { SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { createSandboxdClient, type SandboxdAddress } from '../sandboxd-client.ts';
import {
  gateOptions,
  namesOf,
  PORTS,
  sandboxOptions,
  TOKEN_FILE,
  volumeOptions,
  type Names,
} from './containers.ts';
import { createDecisionLog, wordsOf } from './decision-log.ts';
import { connectEngine, engineError, ignoreMissing, publishedHost } from './engine.ts';
import { LABELS } from './labels.ts';
import { createDockerPackages, type PackagesMount } from './packages.ts';
import { probeDocker } from './probe.ts';
import { createSessionNetwork, type SessionNetwork } from './session-network.ts';

export interface DockerOptions {
  /** Notes and claims lie below it; what sandboxes hold lies in the engine's volumes. */
  dataFolder: string;
  image: string;
  /** The engine's address; null: its usual socket. */
  host: string | null;
  /** A network that the service shares with the gates; null: gates publish their way in on the engine's loopback. */
  network: string | null;
  limits?: Partial<SandboxLimits>;
  environmentOf?: (spec: SandboxSpec) => Promise<SandboxEnvironment>;
  privateNetworks?: readonly string[];
  /** The proxy of the operator’s network and its authorities. */
  wayOut?: NetworkSettings;
  /** Sandboxes that run at once; by default any number. */
  maxRunning?: MaxRunning;
  /** Throws where the disk of the host has no room for another sandbox that runs. */
  requireRoom?(): void;
  /** What stays free of the disk while commands write; null or none: a share of it. */
  reserveBytes?: number | null;
  log(message: string, details?: Record<string, string | number>): void;
}

/** Where Debian's Chromium lies in the image. */
const CHROMIUM = '/usr/lib/chromium/chromium';
const START_MS = 30_000;
const LOOK_MS = 25;
const LAST_WORDS = 20;

/** What all of them came to, after none of them goes on: what a failed start left is removed, and nothing may come after that. */
async function settle<Works extends Promise<unknown>[]>(
  ...works: Works
): Promise<{ [Place in keyof Works]: Awaited<Works[Place]> }> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

type Address = Extract<SandboxdAddress, { token: string }>;

/** Sandboxes in containers: for each session one with sandboxd, one that is its gate, and a network that holds just these two. */
export function createDockerDriver(options: DockerOptions): SandboxDriver {
  const { image, log } = options;
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, process.getuid?.() ?? -1);
  const engine = connectEngine(options.host);
  const outer = options.network ?? 'bridge';
  const decisions = createDecisionLog(engine, log);

  const shortName = (text: string, length: number): string =>
    createHash('sha256').update(text).digest('hex').slice(0, length);
  const instance = shortName(places.base, 8);
  const packages = createDockerPackages({
    engine,
    instance,
    locks: places.sockets,
    driver: () => driver,
    log,
  });
  const nameOf = (sessionId: string): Names => namesOf(instance, sessionId, shortName(sessionId, 20));
  const folderOf = (sessionId: string): string => join(places.base, 'docker', sessionId);
  const makeFolder = (sessionId: string): void => {
    mkdirSync(folderOf(sessionId), { recursive: true, mode: 0o700 });
  };
  const noteFile = (sessionId: string): string => join(folderOf(sessionId), 'running.json');

  async function isRunning(name: string): Promise<boolean> {
    try {
      return (await engine.getContainer(name).inspect()).State.Running;
    } catch (error) {
      if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false;
      throw engineError('The Docker engine cannot be asked', error);
    }
  }

  async function find(sessionId: string): Promise<Address | undefined> {
    if (!existsSync(noteFile(sessionId))) return undefined;
    const names = nameOf(sessionId);
    const [sandbox, gate] = await Promise.all([isRunning(names.sandbox), isRunning(names.gate)]);
    if (!sandbox || !gate) return undefined;
    return JSON.parse(readFileSync(noteFile(sessionId), 'utf8')) as Address;
  }

  async function clear(sessionId: string): Promise<void> {
    const names = nameOf(sessionId);
    rmSync(noteFile(sessionId), { force: true });
    try {
      await Promise.all(
        [names.sandbox, names.gate].map((name) =>
          ignoreMissing(engine.getContainer(name).remove({ force: true, v: false })),
        ),
      );
      await ignoreMissing(engine.getNetwork(names.network).remove());
    } catch (error) {
      throw engineError(`The containers of session ${sessionId} cannot be removed`, error);
    }
  }

  /** Starts the way in and out. The answer is where the service finds the way in. */
  async function startGate(
    names: Names,
    network: SessionNetwork,
    { network: policy }: SandboxEnvironment,
  ): Promise<{ host: string; port: number }> {
    const settings = {
      policy,
      exceptions: [...(options.privateNetworks ?? [])],
      hostAddresses: hostAddresses(),
      inside: [network.subnet],
      sandbox: { host: network.sandbox, port: PORTS.sandboxd },
      proxyPort: PORTS.proxy,
      entryPort: PORTS.entry,
    };
    const isPublished = options.network === null;
    const told = { settings, wayOut: options.wayOut ?? NO_NETWORK_SETTINGS };
    const wanted = gateOptions(names, network, image, told, outer, isPublished);
    const gate = await engine.createContainer(wanted);
    await gate.start();
    const { NetworkSettings: seen } = await gate.inspect();
    const published = seen.Ports[`${PORTS.entry}/tcp`]?.[0]?.HostPort;
    const entry = isPublished
      ? { host: publishedHost(options.host), port: Number(published) }
      : { host: seen.Networks[outer]?.IPAddress ?? '', port: PORTS.entry };
    if (entry.host === '' || !(entry.port > 0)) {
      throw new AppError('sandbox_unavailable', 'The Docker engine gave the gate no address.');
    }
    return entry;
  }

  async function startSandbox(
    names: Names,
    network: SessionNetwork,
    { network: policy }: SandboxEnvironment,
    packages: PackagesMount | null,
    token: string,
  ): Promise<void> {
    const settings = {
      ...insideSettings({
        boot: randomUUID(),
        identity: { kind: 'pair', keeper: 0, agent: 0 },
        limits,
        isMemoryBound: true,
        hasNetwork: false,
        chromium: CHROMIUM,
        packages: packages?.packages,
        fillsPackages: packages?.use === 'install',
        reserveBytes: options.reserveBytes ?? null,
        isDiskSized: false,
      }),
      // The image leads there by a link.
      outputsFolder: `${INSIDE.state}/outputs`,
      // The engine's disk, where the volumes lie.
      reserve: { folder: INSIDE.state, bytes: options.reserveBytes ?? null },
      uploads: INSIDE.uploads,
      egressSocket: policy.mode === 'none' ? null : { host: network.gate, port: PORTS.proxy },
      listen: { port: PORTS.sandboxd, tokenFile: TOKEN_FILE },
    };
    const wanted = sandboxOptions({ names, network, image, limits, settings, packages, token });
    const sandbox = await engine.createContainer(wanted);
    await sandbox.start();
  }

  async function lastWords(name: string): Promise<string> {
    const said = await engine.getContainer(name).logs({ stdout: true, stderr: true, tail: LAST_WORDS });
    return wordsOf(said).trim();
  }

  /** Waits until sandboxd answers through the gate: the first connections may come before it listens. */
  async function untilReached(names: Names, address: Address): Promise<void> {
    const client = createSandboxdClient(address);
    try {
      for (const end = Date.now() + START_MS; ;) {
        try {
          await client.status();
          return;
        } catch (error) {
          if (!(await isRunning(names.sandbox))) {
            throw engineError(
              'The sandbox ended while it started',
              new Error(await lastWords(names.sandbox)),
            );
          }
          if (!(await isRunning(names.gate))) {
            throw engineError("The sandbox's gate ended", new Error(await lastWords(names.gate)));
          }
          if (Date.now() > end) throw engineError('The sandbox does not answer', error);
          await delay(LOOK_MS);
        }
      }
    } finally {
      client.close();
    }
  }

  async function start(
    sessionId: string,
    names: Names,
    environment: SandboxEnvironment,
    mounted: PackagesMount | null,
  ): Promise<Address> {
    const token = randomBytes(32).toString('hex');
    const volumes = volumeOptions(names).map((volume) => engine.createVolume(volume));
    const [network] = await settle(createSessionNetwork(engine, names), ...volumes);
    const [entry] = await settle(
      startGate(names, network, environment),
      startSandbox(names, network, environment, mounted, token),
    );
    const address = { ...entry, token };
    writeFileSync(noteFile(sessionId), JSON.stringify(address), { mode: 0o600 });
    await untilReached(names, address);
    return address;
  }

  async function boot(spec: SandboxSpec): ReturnType<Launcher['boot']> {
    const { sessionId } = spec;
    const names = nameOf(sessionId);
    const environment = packages.installing(sessionId) ??
      (await options.environmentOf?.(spec)) ?? { network: { mode: 'none' } };
    const mounted = await packages.mountFor(environment);
    try {
      return {
        address: await start(sessionId, names, environment, mounted),
        failed: new Promise<never>(() => {}),
      };
    } catch (error) {
      // Nothing of a failed start stays; why it failed matters more than that it could not be cleared away.
      await clear(sessionId).catch(() => undefined);
      throw error instanceof AppError
        ? error
        : engineError('The Docker engine cannot start the sandbox', error);
    }
  }

  /** Of the engine's machine, which need not be this one; this process's own limits are not those of its neighbours. */
  async function engineMemory(): Promise<number> {
    try {
      const { MemTotal: bytes } = (await engine.info()) as { MemTotal?: number };
      return bytes !== undefined && bytes > 0 ? bytes : memoryHere();
    } catch (error) {
      throw engineError('The Docker engine cannot be asked for its memory', error);
    }
  }

  const driver = createLaunchedDriver({
    kind: 'docker',
    probe: () => probeDocker(engine, image),
    async sessions() {
      try {
        const filters = { label: [`${LABELS.instance}=${instance}`] };
        const { Volumes } = await engine.listVolumes({ filters: JSON.stringify(filters) });
        const ids = Volumes.map(({ Labels }) => Labels[LABELS.session]);
        const found = [...new Set(ids.filter((id) => id !== undefined))];
        // Another host may have left volumes at the same engine: from now on they are this one's too.
        for (const id of found) makeFolder(id);
        return found;
      } catch (error) {
        throw engineError('The Docker engine cannot list its volumes', error);
      }
    },
    requireRoom: () => options.requireRoom?.(),
    room: roomSettings(options.maxRunning ?? 'unlimited', join(places.sockets, 'running'), engineMemory),
    isCounted: (sessionId) => packages.installing(sessionId) === undefined,
    hasTraces: (sessionId) => existsSync(folderOf(sessionId)),
    claimsFolder: (sessionId) => join(folderOf(sessionId), 'claims'),
    lockFile: (sessionId) => join(places.sockets, `${shortName(sessionId, 20)}.lock`),
    find,
    connect(sessionId, address) {
      decisions.follow(sessionId, nameOf(sessionId).gate);
      return createSandboxdClient(address);
    },
    attachments: (sessionId) => ({
      uploads: null,
      manifest: join(folderOf(sessionId), 'attached.json'),
      workspacePath: (relative) => join(INSIDE.workdir, relative),
      entrust: () => {},
    }),
    outputsFolder: () => INSIDE.outputs,
    prepare(sessionId) {
      makeFolder(sessionId);
      return Promise.resolve();
    },
    boot,
    clear,
    async remove(sessionId) {
      try {
        for (const { name } of nameOf(sessionId).volumes) {
          await ignoreMissing(engine.getVolume(name).remove({ force: true }));
        }
      } catch (error) {
        throw engineError(`The volumes of session ${sessionId} cannot be removed`, error);
      }
      rmSync(folderOf(sessionId), { recursive: true, force: true });
    },
    release: () => decisions.close(),
    log,
  });
  return driver;
}
