import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '../../core/errors.ts';
import { carriesMark, listProcesses, signalQuietly } from '../../sandboxd/processes.ts';
import type { Settings } from '../../sandboxd/settings.ts';
import { createLaunchedDriver, type Launcher } from './launched-driver.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from './limits.ts';
import { listeningSocket } from './listening-socket.ts';
import { placesOf } from './places.ts';
import { readBootLog } from './read-boot-log.ts';
import { memoryHere, roomSettings, type MaxRunning } from './room/default-running.ts';
import { isNoteAlive, noteOf, type RunningNote } from './running-note.ts';
import { prepareRuntime } from './runtime-files.ts';
import type { SandboxDriver } from './sandbox.ts';

export interface UnsafeLocalOptions {
  dataFolder: string;
  limits?: Partial<Pick<SandboxLimits, 'idleMs'>>;
  /** Sandboxes that run at once; by default any number. */
  maxRunning?: MaxRunning;
  log(message: string, details?: Record<string, string | number>): void;
}

const SOCKET = 3;
/** Starts sandboxd again whenever it ends, unless it says that it is done. */
const LOOP = `while :; do
  "$1" "$2" "$3"
  [ $? = 75 ] && exit 0
  sleep 0.05
done`;
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };

/**
 * NOT a sandbox: commands run as the service's own user, with its files, its network and its processes in reach. It exists for
 * machines that can isolate nothing, is never chosen by itself, and says what it is at every start.
 */
export function createUnsafeLocalDriver(options: UnsafeLocalOptions): SandboxDriver {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const places = placesOf(options.dataFolder, process.getuid?.() ?? -1);
  options.log(
    'WARNING: sandbox.driver is unsafe_local: tools run without any isolation, as the user of this service',
  );

  const shortName = (sessionId: string): string =>
    createHash('sha256').update(sessionId).digest('hex').slice(0, 20);
  const socketPath = (sessionId: string): string => join(places.sockets, `${shortName(sessionId)}.sock`);
  const folderOf = (sessionId: string): string => join(places.base, 'unsafe-local', sessionId);
  const noteFile = (sessionId: string): string => join(folderOf(sessionId), 'running.json');

  function note(sessionId: string): RunningNote | undefined {
    if (!existsSync(noteFile(sessionId))) return undefined;
    return JSON.parse(readFileSync(noteFile(sessionId), 'utf8')) as RunningNote;
  }

  async function boot(sessionId: string): ReturnType<Launcher['boot']> {
    const folder = folderOf(sessionId);
    const inside = (name: string): string => join(folder, name);
    const runtime = prepareRuntime(places.base, process.execPath);
    const settings: Settings = {
      boot: randomUUID(),
      state: inside('state'),
      workdir: inside('workspace'),
      home: inside('home'),
      outputsFolder: inside('state/outputs'),
      outputsPath: inside('state/outputs'),
      outputs: inside('outputs'),
      agentFolders: [inside('workspace'), inside('home'), inside('outputs')],
      agent: null,
      claims: inside('claims'),
      processes: 'own',
      browser: null,
      codeFolder: runtime.code,
      uploads: null,
      egressSocket: null,
      variables: {},
      path: ENVIRONMENT.PATH,
      idleMs: limits.idleMs,
      outputCharacters: limits.outputCharacters,
      outputFileBytes: limits.outputFileBytes,
      openFiles: 0,
      reserve: { folder: inside('state'), bytes: null },
      memoryBytes: 0,
      isDiskSized: false,
      diskBytes: 0,
      diskFiles: 0,
      listen: { fd: SOCKET },
    };
    const socket = await listeningSocket(socketPath(sessionId));
    const log = openSync(inside('boot.log'), 'w', 0o600);
    const words = [
      '-c',
      LOOP,
      'loop',
      runtime.node,
      join(runtime.sandboxd, 'main.cjs'),
      JSON.stringify(settings),
    ];
    const child = spawn('/bin/sh', words, {
      cwd: folder,
      detached: true,
      env: ENVIRONMENT,
      stdio: ['ignore', log, log, socket.descriptor],
    });
    // The missing pid below says it; an error that nobody hears would end this process.
    child.once('error', () => undefined);
    closeSync(log);
    await socket.release();
    child.unref();
    if (child.pid === undefined) throw new AppError('sandbox_unavailable', '/bin/sh cannot be started.');
    writeFileSync(noteFile(sessionId), JSON.stringify(noteOf(child.pid, settings.boot)), { mode: 0o600 });
    const failed = new Promise<never>((_resolve, reject) => {
      child.once('exit', (code) => {
        const said = readBootLog(inside('boot.log'));
        reject(
          new AppError('sandbox_unavailable', `The shell server ended while it started (${code}): ${said}`),
        );
      });
    });
    return { address: { socketPath: socketPath(sessionId) }, failed };
  }

  async function clear(sessionId: string): Promise<void> {
    const known = note(sessionId);
    if (known !== undefined) {
      for (let round = 0; round < 200; round++) {
        const rows = listProcesses();
        // The loop first: what it started is in its process session; commands are known by their mark.
        const doomed = rows.filter(
          (row) =>
            (row.pid === known.pid && row.startTime === known.startTime) ||
            (isNoteAlive(known) && row.session === known.pid) ||
            carriesMark(row.pid, known.boot),
        );
        if (doomed.length === 0) break;
        for (const row of doomed) signalQuietly(row.pid, 'SIGKILL');
        await delay(10);
      }
    }
    rmSync(socketPath(sessionId), { force: true });
  }

  return createLaunchedDriver({
    kind: 'unsafe_local',
    probe() {
      const limits = [
        'Nothing is isolated: commands run as the user of this service and can do whatever it can.',
      ];
      if (process.platform === 'linux') return Promise.resolve({ ok: true, isolation: 'none', limits });
      const why = 'unsafe_local needs Linux; set sandbox.driver to docker or aio.';
      return Promise.resolve({ ok: false, isolation: 'none', limits, why });
    },
    sessions() {
      const root = join(places.base, 'unsafe-local');
      return Promise.resolve(existsSync(root) ? readdirSync(root) : []);
    },
    hasTraces: (sessionId) => existsSync(folderOf(sessionId)),
    claimsFolder: (sessionId) => join(folderOf(sessionId), 'claims'),
    lockFile: (sessionId) => join(places.sockets, `${shortName(sessionId)}.lock`),
    find(sessionId) {
      const known = note(sessionId);
      const isAlive = known !== undefined && isNoteAlive(known);
      return Promise.resolve(isAlive ? { socketPath: socketPath(sessionId) } : undefined);
    },
    attachments: (sessionId) => ({
      uploads: join(folderOf(sessionId), 'uploads'),
      manifest: join(folderOf(sessionId), 'attached.json'),
      workspacePath: (relative) => join(folderOf(sessionId), 'workspace', relative),
      entrust: () => {},
    }),
    outputsFolder: (sessionId) => join(folderOf(sessionId), 'outputs'),
    room: roomSettings(options.maxRunning ?? 'unlimited', join(places.sockets, 'running'), memoryHere),
    prepare(sessionId) {
      for (const name of ['state', 'claims', 'workspace', 'home', 'outputs', 'uploads']) {
        mkdirSync(join(folderOf(sessionId), name), { recursive: true });
      }
      return Promise.resolve();
    },
    boot: (spec) => boot(spec.sessionId),
    clear,
    remove(sessionId) {
      // The user is the service's own: there is no stronger right here that a link could borrow.
      rmSync(folderOf(sessionId), { recursive: true, force: true });
      return Promise.resolve();
    },
    log: options.log,
  });
}
