import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { endProcess, waitForEnd } from '../host/end-process.ts';
import { isListening } from '../host/free-port.ts';
import { lastOfLog } from '../host/log-file.ts';
import { isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { processesInFolder } from '../host/processes-in-folder.ts';
import { removeSocketFolder, socketFolder } from '../host/socket-folder.ts';
import { openConnection } from './client-connection.ts';
import { socketPathOf } from './connection-options.ts';
import { compactDatabase, compactNewDatabase } from './compact-database.ts';
import { noteDatabaseVersion, removeOldDatabases, setAsideUnusableDatabase } from './database-file.ts';
import { whyNoPrivateNetwork } from './door/private-network.ts';
import type { TemporalCli } from './find-cli.ts';
import { addSearchAttributes, setRetention } from './prepare-namespace.ts';
import {
  choosePort,
  placeBehindDoor,
  placeOnLoopback,
  spawnServer,
  type ServerPlace,
} from './server-place.ts';

/** A running Temporal dev server that belongs to a data folder. */
export interface TemporalServer {
  /** Of its gRPC service: `unix:` and the path of a socket that only our account can use; host:port where there is no other way. */
  address: string;
  /** Its UI: `unix:` and a path, or an http URL. */
  uiUrl: string;
  process: ProcessIdentity;
  /** Whether it was running before, left by a supervisor that was killed. */
  adopted: boolean;
  logFile: string;
  /** Ends it; everything acknowledged is in its database file. Does nothing when it has ended. */
  stop(): Promise<void>;
}

export interface TemporalServerOptions {
  cli: TemporalCli;
  /** Absolute; made if missing. One server per data folder; callers hold its lock. */
  dataDir: string;
  logFile: string;
  /** The user's own folder for sockets, null where the system has none, and the one for temporary files. */
  runtimeDir: string | null;
  tempDir: string;
  /** Only for a server on loopback. 0 picks a free one, the one of before if it is known and free. */
  port: number;
  uiPort: number;
  namespace: string;
  /** How long closed workflow runs are kept. */
  retentionDays: number;
  /** The child's whole environment. */
  environment: Record<string, string | undefined>;
  /** Gets a sentence for each thing a person should know. */
  say: (line: string) => void;
  timeoutMs?: number;
  /** Gives the start up: it then rejects with the signal's reason, and no server runs on the folder. */
  signal?: AbortSignal;
}

/** What is written down about the running server, for whoever comes after us. */
interface Note extends ServerPlace {
  process: ProcessIdentity;
  /** Of a server on loopback. */
  ports?: { port: number; uiPort: number };
}

const POLITE = [{ signal: 'SIGTERM' as const, waitMs: 10_000 }];

/**
 * Starts the Temporal dev server of a data folder, or adopts the healthy one that runs on it; prepares its namespace (retention, search
 * attributes). It gets a network of its own, into which two sockets of our account lead; where the system gives none, it listens on
 * loopback, which is said. A database file that this version cannot use is set aside first.
 * Throws `bad_config` when a port is taken (naming it) or the server ends at once, `unavailable` when it does not answer in time.
 */
export async function startTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dataDir, cli, say } = options;
  const folder = path.join(dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const before = readNote(folder);
  const socketDir = await openSocketFolder(options);
  const adopted = before === null ? null : await adopt(before, folder, socketDir, options);
  if (adopted) return adopted;
  for (const left of processesInFolder(folder, path.basename(cli.path))) await endProcess(left, POLITE);
  setAsideUnusableDatabase(folder, cli.serverVersion, say);
  removeOldDatabases(folder, options.retentionDays);
  await compactDatabase(folder, options);
  const attempts = socketDir === null && (options.port === 0 || options.uiPort === 0) ? 5 : 1;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const { ports, ...place } = await choosePlace(
      folder,
      socketDir,
      attempt === 1 ? before?.ports : undefined,
      options,
    );
    const running = await spawnServer(place, { ...options, folder, socketDir });
    const started =
      running && (await settle({ ...place, ...(ports && { ports }), process: running }, folder, options));
    if (started) return server(started, false, socketDir, options);
    const end = lastOfLog(options.logFile);
    // A picked port can be taken by somebody else before the server opens it.
    if (attempt < attempts && /address already in use|can't set up/.test(end)) continue;
    throw new AppError(
      'bad_config',
      `Temporal ended right after its start. The end of ${options.logFile}:\n${end}`,
    );
  }
}

/** Ends the server that runs on a data folder, if any, whoever started it. */
export async function endTemporal(dataDir: string): Promise<void> {
  const note = readNote(path.join(dataDir, 'temporal'));
  if (note) await endProcess(note.process, POLITE);
}

/** Writes a new server down and waits until it can be used; null when it ends instead. It does not run on when anything fails. */
async function settle(note: Note, folder: string, options: TemporalServerOptions): Promise<Note | null> {
  try {
    writeNote(folder, note);
    if (!(await becomesReady(note, options))) return null;
    await prepare(note.address, options);
    compactNewDatabase(folder, options.say);
    noteDatabaseVersion(folder, options.cli.serverVersion);
    return note;
  } catch (error) {
    await endProcess(note.process, []);
    throw error;
  }
}

/** The folder for the server's sockets; null, and said why, where it can have no network of its own. */
async function openSocketFolder(options: TemporalServerOptions): Promise<string | null> {
  const { dataDir, runtimeDir, tempDir, say } = options;
  const why = await whyNoPrivateNetwork(options.environment);
  if (why === null) {
    if (options.port !== 0 || options.uiPort !== 0) {
      say(
        'temporal.port and temporal.ui_port are not used: no port of Temporal is open. See docs/operators.md.',
      );
    }
    return socketFolder({ dataDir, name: 'temporal', runtimeDir, tempDir, owner: null });
  }
  say(
    `Temporal can have no network of its own here (${why}): every account of this machine can read and end all runs. See docs/operators.md.`,
  );
  return null;
}

async function choosePlace(
  folder: string,
  socketDir: string | null,
  before: Note['ports'],
  { cli, namespace, port, uiPort }: TemporalServerOptions,
): Promise<ServerPlace & Pick<Note, 'ports'>> {
  const wanted = { program: cli.path, folder, namespace };
  if (socketDir !== null) return placeBehindDoor(wanted, socketDir);
  const ports = {
    port: await choosePort('temporal.port', port, before?.port),
    uiPort: await choosePort('temporal.ui_port', uiPort, before?.uiPort),
  };
  return { ...placeOnLoopback(wanted, ports), ports };
}

async function adopt(
  note: Note,
  folder: string,
  socketDir: string | null,
  options: TemporalServerOptions,
): Promise<TemporalServer | null> {
  if (!isAlive(note.process)) return null;
  const same = JSON.stringify(commandFor(note, folder, socketDir, options)) === JSON.stringify(note.command);
  if (same && (await answers(note, 5_000, options.signal))) {
    await prepare(note.address, options);
    noteDatabaseVersion(folder, options.cli.serverVersion);
    return server(note, true, socketDir, options);
  }
  const reason = same ? 'does not answer' : 'runs with other settings';
  options.say(`The Temporal left on ${folder} (pid ${note.process.pid}) ${reason}; it is replaced.`);
  await endProcess(note.process, same ? [] : POLITE);
  return null;
}

/** The command line that a server which runs already would have by today's settings. */
function commandFor(
  { ports }: Note,
  folder: string,
  socketDir: string | null,
  { cli, namespace, port, uiPort }: TemporalServerOptions,
): string[] | null {
  const wanted = { program: cli.path, folder, namespace };
  if (socketDir !== null) return placeBehindDoor(wanted, socketDir).command;
  if (ports === undefined) return null;
  return placeOnLoopback(wanted, { port: port || ports.port, uiPort: uiPort || ports.uiPort }).command;
}

function readNote(folder: string): Note | null {
  const file = path.join(folder, 'server.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Note) : null;
}

function writeNote(folder: string, note: Note): void {
  writeFileSync(path.join(folder, 'server.json.new'), JSON.stringify(note), { mode: 0o600 });
  renameSync(path.join(folder, 'server.json.new'), path.join(folder, 'server.json'));
}

/** Waits until the server answers; false when it ends instead. */
async function becomesReady(
  note: Note,
  { logFile, timeoutMs = 60_000, signal }: TemporalServerOptions,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await answers(note, 2_000, signal))) {
    signal?.throwIfAborted();
    if (!isAlive(note.process)) return false;
    await sleep(20);
    if (performance.now() >= deadline) {
      throw new AppError('unavailable', `Temporal does not answer after ${timeoutMs} ms; see ${logFile}.`);
    }
  }
  return isAlive(note.process);
}

/** Whether the server answers within the time; false at once when it ends. */
async function answers(
  { process: running, address }: Note,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  // The client goes on trying an address where nobody listens, so that is asked first.
  while (!(await isListening(whereOf(address)))) {
    if (!isAlive(running) || signal?.aborted || performance.now() >= deadline) return false;
    await sleep(20);
  }
  const reached = openConnection({ address, connectTimeout: timeoutMs }).then(
    async (connection) => {
      await connection.close();
      return true;
    },
    () => false,
  );
  return Promise.race([reached, waitForEnd(running, timeoutMs).then((ended) => (ended ? false : reached))]);
}

function whereOf(address: string): { path: string } | { host: string; port: number } {
  const path = socketPathOf(address);
  if (path !== null) return { path };
  const { hostname: host, port } = new URL(`http://${address}`);
  return { host, port: Number(port) };
}

async function prepare(address: string, { namespace, retentionDays }: TemporalServerOptions): Promise<void> {
  const connection = await openConnection({ address });
  try {
    await setRetention(connection, namespace, retentionDays);
    await addSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}

function server(
  note: Note,
  adopted: boolean,
  socketDir: string | null,
  { logFile }: TemporalServerOptions,
): TemporalServer {
  return {
    address: note.address,
    uiUrl: note.uiUrl,
    process: note.process,
    adopted,
    logFile,
    async stop() {
      await endProcess(note.process, POLITE);
      if (socketDir !== null) removeSocketFolder(socketDir);
    },
  };
}
