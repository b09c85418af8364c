import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { AppError } from '../../../core/errors.ts';
import { commandEnvironment } from '../../../sandboxd/environment.ts';
import type { SandboxEnvironment } from '../environment.ts';
import { createLaunchedDriver, type Launcher } from '../launched-driver.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from '../limits.ts';
import { neededManagers } from '../packages/install-script.ts';
import { placesOf } from '../places.ts';
import type { SandboxDriver, SandboxProbe, SandboxSpec } from '../sandbox.ts';
import type { SandboxdAddress } from '../sandboxd-client.ts';
import { createAioApi } from './api.ts';
import { createAioClient } from './client.ts';
import { createGuard, type Guard } from './guard.ts';
import { createAioContainers } from './pool.ts';

export interface AioOptions {
  /** Notes and claims lie below it; what sandboxes hold lies in their containers. */
  dataFolder: string;
  /** A URL in which `{session_id}` stands for the session, or the URLs of a pool. */
  urls: string | readonly string[];
  apiKey: string | null;
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
const SEARCH_PATH = '/home/gem/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PROBE_MS = 5_000;

const LIMITS = [
  'One AIO container per session, as far as it isolates: whoever runs it decides about its kernel, its rights and its limits.',
  'The agent may become root inside: records of calls, and files that are read-only elsewhere, are not kept from it.',
  'Networks of environments are NOT enforced: put the containers into a network that allows what agents may reach. Packages of environments are not installed.',
  'Stopping ends the processes of a session; the container runs on. What it keeps is not saved: it lives as long as the container.',
];

/** Sandboxes in containers of agent-infra's AIO Sandbox, which somebody else runs: reached by their HTTP API. */
export function createAioDriver(options: AioOptions): SandboxDriver {
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, process.getuid?.() ?? -1);
  const shortName = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20);
  const base = join(places.base, 'aio');
  const folderOf = (sessionId: string): string => join(base, sessionId);
  const runningFile = (sessionId: string): string => join(folderOf(sessionId), 'running');
  const connect = (url: string): ReturnType<typeof createAioApi> => createAioApi(url, options.apiKey);
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

  async function boot(spec: SandboxSpec): ReturnType<Launcher['boot']> {
    const { sessionId } = spec;
    const environment = await options.environmentOf?.(spec);
    if (environment?.packages !== undefined && neededManagers(environment.packages).length > 0) {
      throw new AppError(
        'sandbox_unavailable',
        'The aio driver does not install the packages of environments: build them into the image of AIO.',
      );
    }
    const url = await containers.urlOf(sessionId);
    try {
      const home = await homeAt(url);
      await guardAt(url, sessionId, home).install(FOLDERS, { '/uploads': INSIDE.uploads });
      writeFileSync(runningFile(sessionId), home, { mode: 0o600 });
    } catch (error) {
      throw error instanceof AppError ? error : unavailable('The AIO Sandbox cannot be used', error);
    }
    return { address: addressOf(url), failed: new Promise<never>(() => {}) };
  }

  // The client below is made from the URL itself; an address only says that there is one.
  const addressOf = (url: string): SandboxdAddress => ({ host: url, port: 0, token: '' });

  /** Asks the guard to end or to forget what a session has in its container, if it ever had one. */
  async function tell(sessionId: string, verb: 'stop' | 'destroy', request: object): Promise<void> {
    const url = containers.known(sessionId);
    if (url === undefined) return;
    try {
      const guard = guardAt(url, sessionId, await homeAt(url));
      // The guard may be gone with its container, or be of another version.
      await guard.install([], {});
      await guard.ask(verb, z.unknown(), request);
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
    saves: false,
    // A template or the name in a container of the pool leads every host to the session's own.
    apart: true,
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
      const home = readFileSync(runningFile(sessionId), 'utf8');
      const root = rootOf(home, sessionId);
      return createAioClient({
        api: connect(url),
        guard: createGuard(connect(url), sessionId, root),
        sessionId,
        root,
        home,
        ...INSIDE,
        outputCharacters: limits.outputCharacters,
        outputFileBytes: limits.outputFileBytes,
        environment: commandEnvironment({
          path: SEARCH_PATH,
          home,
          variables: {},
          egressSocket: null,
          processes: 'all',
          boot: '',
        }),
      });
    },
    attachments: (sessionId) => ({
      uploads: null,
      manifest: join(folderOf(sessionId), 'attached.json'),
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
      await tell(sessionId, 'stop', {});
      rmSync(runningFile(sessionId), { force: true });
    },
    async remove(sessionId) {
      await tell(sessionId, 'destroy', { folders: FOLDERS });
      rmSync(folderOf(sessionId), { recursive: true, force: true });
    },
    log: options.log,
  });
}
