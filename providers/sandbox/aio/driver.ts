import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { AppError } from '../../../core/errors.ts';
import { commandEnvironment } from '../../../sandboxd/environment.ts';
import type { SandboxEnvironment } from '../environment.ts';
import { createLaunchedDriver, type Launcher } from '../launched-driver.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../limits.ts';
import { MANAGERS, PACKAGES, packagePaths, packageVariables } from '../packages/install-script.ts';
import { placesOf } from '../places.ts';
import type { SandboxDriver, SandboxProbe, SandboxSpec } from '../sandbox.ts';
import { SandboxProtocolError, type SandboxdAddress } from '../sandboxd-client.ts';
import { createAioApi } from './api.ts';
import { createAioClient } from './client.ts';
import { createGuard, type Guard } from './guard.ts';
import { createAioPackages } from './packages.ts';
import { createAioContainers } from './pool.ts';

export interface AioOptions {
  /** Notes and claims lie below it; what sandboxes hold lies in their containers. */
  dataFolder: string;
  /** A URL in which `{session_id}` stands for the session, or the URLs of a pool. */
  urls: string | readonly string[];
  /** Read anew for each request. */
  readonly apiKey: string | null;
  limits?: Partial<SandboxLimits>;
  environmentOf?: (spec: SandboxSpec) => Promise<SandboxEnvironment>;
  log(message: string, details?: Record<string, string | number>): void;
}

/** Paths inside. The agent's user owns them all: it may become root there. */
const INSIDE = {
  workdir: '/workspace',
  outputs: '/mnt/session/outputs',
  uploads: '/mnt/session/uploads',
  toolOutputs: '/mnt/session/tool-outputs',
};
const FOLDERS = Object.values(INSIDE);
const packagesSchema = z.record(z.enum(MANAGERS), z.array(z.string()).readonly());
/** Where programs are looked for besides where AIO itself looks. */
const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** The folder of libraries by the processor's name, as Debian has it. */
const LIBRARY_FOLDERS: Readonly<Record<string, string>> = {
  x86_64: 'x86_64-linux-gnu',
  aarch64: 'aarch64-linux-gnu',
};
const PROBE_MS = 5_000;

const LIMITS = [
  'One AIO container per session, as far as it isolates: whoever runs it decides about its kernel, its rights and its limits.',
  'The agent may become root inside: records of calls, and files that are read-only elsewhere, are not kept from it.',
  'Networks of environments are NOT enforced: put the containers into a network that allows what agents may reach.',
  'Stopping ends the processes of a session; the container runs on.',
];

/** What is noted of a container that a session uses. */
const runningSchema = z.object({
  home: z.string(),
  path: z.string(),
  machine: z.string(),
  generation: z.string(),
  packages: packagesSchema.nullable(),
});
type Running = z.infer<typeof runningSchema>;

/** The environment of commands. */
function environmentOf({ home, path, machine, packages }: Running): Record<string, string> {
  const own = path.split(':').filter((folder) => folder !== '');
  const folders = [`${home}/.local/bin`, ...(packages === null ? [] : packagePaths(packages)), ...own];
  return commandEnvironment({
    path: [...new Set([...folders, ...SEARCH_PATH])].join(':'),
    home,
    variables: packages === null ? {} : packageVariables(packages, LIBRARY_FOLDERS[machine] ?? machine),
    egressSocket: null,
    processes: 'all',
    boot: '',
  });
}

/** Sandboxes in containers of agent-infra's AIO Sandbox, which somebody else runs: reached by their HTTP API. */
export function createAioDriver(options: AioOptions): SandboxDriver {
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, process.getuid?.() ?? -1);
  const shortName = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20);
  const base = join(places.base, 'aio');
  const folderOf = (sessionId: string): string => join(base, sessionId);
  const runningFile = (sessionId: string): string => join(folderOf(sessionId), 'running.json');
  /** Names the container that held what the session left when it last ran. */
  const generationFile = (sessionId: string): string => join(folderOf(sessionId), 'generation');
  const manifestOf = (sessionId: string): string => join(folderOf(sessionId), 'attached.json');
  const connect = (url: string): ReturnType<typeof createAioApi> => createAioApi(url, () => options.apiKey);
  const containers = createAioContainers({
    urls: options.urls,
    connect,
    noteFile: (sessionId) => join(folderOf(sessionId), 'url'),
  });
  const homes = new Map<string, string>();

  const guardAt = (url: string, sessionId: string, home: string): Guard =>
    createGuard(connect(url), sessionId, rootOf(home, sessionId));
  const rootOf = (home: string, sessionId: string): string => `${home}/.managed-agent/${sessionId}`;

  /** The home folder of AIO's user, which its own answer names. */
  async function homeAt(url: string): Promise<string> {
    const known = homes.get(url);
    if (known !== undefined) return known;
    const answer = await fetch(`${url.replace(/\/+$/, '')}/v1/sandbox`, {
      headers: options.apiKey === null ? {} : { 'x-aio-api-key': options.apiKey },
      signal: AbortSignal.timeout(PROBE_MS),
    });
    if (!answer.ok) throw new Error(`AIO answered ${answer.status} to /v1/sandbox`);
    const { home_dir: home } = z.object({ home_dir: z.string() }).parse(await answer.json());
    homes.set(url, home);
    return home;
  }

  const unavailable = (what: string, error: unknown): AppError =>
    new AppError(
      'sandbox_unavailable',
      `${what}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );

  const keptOf = (home: string): Record<string, string> => ({
    workspace: INSIDE.workdir,
    home,
    outputs: INSIDE.outputs,
  });
  const packages = createAioPackages(options.log);

  function notedGeneration(sessionId: string): string | null {
    const file = generationFile(sessionId);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  }

  /** The session's container, with the guard in it. */
  async function enter(sessionId: string) {
    const url = await containers.urlOf(sessionId);
    const home = await homeAt(url);
    const guard = guardAt(url, sessionId, home);
    const found = await guard.install(FOLDERS, { '/uploads': INSIDE.uploads }, keptOf(home));
    return { url, home, guard, found };
  }

  async function start(spec: SandboxSpec): Promise<string> {
    const { sessionId } = spec;
    const environment = await options.environmentOf?.(spec);
    const { url, home, guard, found } = await enter(sessionId);
    if (found.generation === null && notedGeneration(sessionId) !== null) {
      throw new AppError(
        'sandbox_unavailable',
        'The AIO container of this session was made anew: what it held is gone.',
      );
    }
    const { generation } = await guard.christen();
    if (generation === null) throw new SandboxProtocolError('the container got no name');
    const installed =
      environment === undefined ? null : await packages.ensure(guard, { url, home }, environment);
    const note: Running = { home, path: found.path, machine: found.machine, generation, packages: installed };
    writeFileSync(generationFile(sessionId), generation, { mode: 0o600 });
    writeFileSync(runningFile(sessionId), JSON.stringify(note), { mode: 0o600 });
    return url;
  }

  /** Turns what keeps AIO from being used into the error of a sandbox that cannot be had. */
  async function reaching<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AppError ? error : unavailable('The AIO Sandbox cannot be used', error);
    }
  }

  async function boot(spec: SandboxSpec): ReturnType<Launcher['boot']> {
    const url = await reaching(() => start(spec));
    return { address: addressOf(url), failed: new Promise<never>(() => {}) };
  }

  async function look({ sessionId }: SandboxSpec, what: 'if_known' | 'always'): Promise<'kept' | 'lost'> {
    const noted = notedGeneration(sessionId);
    if (what === 'if_known' && noted === null) return 'kept';
    const { found } = await reaching(() => enter(sessionId));
    if (found.holds) return 'kept';
    // It has run, and nothing was done in it.
    return what === 'if_known' && found.generation === noted ? 'kept' : 'lost';
  }

  async function renew({ sessionId }: SandboxSpec): Promise<void> {
    rmSync(runningFile(sessionId), { force: true });
    await tell(sessionId, 'destroy');
    for (const file of [generationFile(sessionId), manifestOf(sessionId)]) rmSync(file, { force: true });
  }

  // The client below is made from the URL itself; an address only says that there is one.
  const addressOf = (url: string): SandboxdAddress => ({ host: url, port: 0, token: '' });

  /** Asks the guard to end or to forget what a session has in its container, if it has one. */
  async function tell(sessionId: string, verb: 'stop' | 'destroy'): Promise<void> {
    const url = containers.known(sessionId);
    if (url === undefined) return;
    try {
      // A container that was made anew may be another session's by now.
      if (!(await containers.isOwn(sessionId))) return;
      const home = await homeAt(url);
      const guard = guardAt(url, sessionId, home);
      // The guard may be gone with its container, or be of another version.
      await guard.install([], {}, {});
      await guard.ask(
        verb,
        z.unknown(),
        verb === 'stop' ? {} : { folders: [...FOLDERS, PACKAGES], kept: keptOf(home) },
      );
    } catch (error) {
      throw unavailable(`The AIO Sandbox of session ${sessionId} cannot be told to ${verb}`, error);
    }
  }

  async function probe(): Promise<SandboxProbe> {
    const limitsHere =
      options.apiKey === null
        ? [...LIMITS, 'WITHOUT an API key: whoever reaches the containers may use them.']
        : LIMITS;
    if (typeof options.urls === 'string') {
      // Containers of a template come with their sessions: there is none to ask.
      return { ok: true, isolation: 'container', limits: limitsHere };
    }
    const found = await Promise.allSettled(options.urls.map(homeAt));
    const reached = found.filter(({ status }) => status === 'fulfilled').length;
    const pool = `${reached} of ${options.urls.length} containers of the pool answer.`;
    if (reached > 0) return { ok: true, isolation: 'container', limits: [...limitsHere, pool] };
    const [first] = found;
    const why = `${pool} ${first?.status === 'rejected' ? String(first.reason) : 'sandbox.aio_pool is empty.'}`;
    return { ok: false, isolation: 'container', limits: limitsHere, why };
  }

  return createLaunchedDriver({
    kind: 'aio',
    probe,
    archiveFormat: 'aio-tar-zstd-1',
    // A template or the name in a container of the pool leads every host to the session's own.
    apart: { look, renew },
    sessions: () => Promise.resolve(existsSync(base) ? readdirSync(base) : []),
    hasTraces: (sessionId) => existsSync(folderOf(sessionId)),
    claimsFolder: (sessionId) => join(folderOf(sessionId), 'claims'),
    lockFile: (sessionId) => join(places.sockets, `${shortName(sessionId)}.lock`),
    find(sessionId) {
      const url = containers.known(sessionId);
      const isRunning = url !== undefined && existsSync(runningFile(sessionId));
      return Promise.resolve(isRunning ? addressOf(url) : undefined);
    },
    connect(sessionId, address) {
      const url = 'host' in address ? address.host : '';
      const running = runningSchema.parse(JSON.parse(readFileSync(runningFile(sessionId), 'utf8')));
      const { home, generation } = running;
      const api = connect(url);
      const root = rootOf(home, sessionId);
      const onGone = (): void => rmSync(runningFile(sessionId), { force: true });
      return createAioClient({
        api,
        guard: createGuard(api, sessionId, root, { generation, onGone }),
        sessionId,
        root,
        home,
        generation,
        kept: keptOf(home),
        ...INSIDE,
        outputCharacters: limits.outputCharacters,
        outputFileBytes: limits.outputFileBytes,
        environment: environmentOf(running),
      });
    },
    attachments: (sessionId) => ({
      uploads: null,
      manifest: manifestOf(sessionId),
      workspacePath: (relative) => join(INSIDE.workdir, relative),
      entrust: () => {},
    }),
    outputsFolder: () => INSIDE.outputs,
    prepare(sessionId) {
      mkdirSync(folderOf(sessionId), { recursive: true, mode: 0o700 });
      return Promise.resolve();
    },
    boot,
    async clear(sessionId) {
      if (!existsSync(runningFile(sessionId))) return;
      await tell(sessionId, 'stop');
      rmSync(runningFile(sessionId), { force: true });
    },
    async remove(sessionId) {
      await tell(sessionId, 'destroy');
      rmSync(folderOf(sessionId), { recursive: true, force: true });
    },
    log: options.log,
  });
}
