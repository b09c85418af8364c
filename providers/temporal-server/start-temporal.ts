import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { AppError } from '../../core/errors.ts';
import { endProcess, waitForEnd } from '../host/end-process.ts';
import { isListening, isPortFree, pickFreePort } from '../host/free-port.ts';
import { lastOfLog } from '../host/log-file.ts';
import { isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { processesInFolder } from '../host/processes-in-folder.ts';
import { spawnDetached } from '../host/spawn-detached.ts';
import { databaseFile, noteDatabaseVersion, setAsideUnusableDatabase } from './database-file.ts';
import type { TemporalCli } from './find-cli.ts';
import { addSearchAttributes, setRetention } from './prepare-namespace.ts';
import { serverArguments } from './server-arguments.ts';

/** A running Temporal dev server that belongs to a data folder. */
export interface TemporalServer {
  /** host:port of its gRPC service. */
  address: string;
  /** Its UI. */
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
  /** 0 picks a free one, the one of before if it is known and free. */
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
}

/** What is written down about the running server, for whoever comes after us. */
interface Note {
  process: ProcessIdentity;
  port: number;
  uiPort: number;
  command: string[];
}

const HOST = '127.0.0.1';
const POLITE = [{ signal: 'SIGTERM' as const, waitMs: 10_000 }];

/**
 * Starts the Temporal dev server of a data folder on loopback, or adopts the healthy one that runs on it; prepares its namespace
 * (retention, search attributes). A database file that this version cannot use is set aside first.
 * Throws `bad_config` when a port is taken (naming it) or the server ends at once, `unavailable` when it does not answer in time.
 */
export async function startTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dataDir, cli, say } = options;
  const folder = path.join(dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const before = readNote(folder);
  const adopted = before === null ? null : await adopt(before, folder, options);
  if (adopted) return adopted;
  for (const left of processesInFolder(folder, path.basename(cli.path))) await endProcess(left, POLITE);
  setAsideUnusableDatabase(folder, cli.serverVersion, say);
  const attempts = options.port === 0 || options.uiPort === 0 ? 5 : 1;
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort('temporal.port', options.port, attempt === 1 ? before?.port : undefined);
    const uiPort = await choosePort(
      'temporal.ui_port',
      options.uiPort,
      attempt === 1 ? before?.uiPort : undefined,
    );
    const note = await launch(folder, port, uiPort, options);
    if (await becomesReady(note, options)) {
      await prepare(port, options);
      noteDatabaseVersion(folder, cli.serverVersion);
      return server(note, false, options.logFile);
    }
    const end = lastOfLog(options.logFile);
    // A picked port can be taken by somebody else before the server opens it.
    if (attempt < attempts && /address already in use|can't set up/.test(end)) continue;
    throw new AppError(
      'bad_config',
      `Temporal ended right after its start. The end of ${options.logFile}:\n${end}`,
    );
  }
}

async function adopt(
  note: Note,
  folder: string,
  options: TemporalServerOptions,
): Promise<TemporalServer | null> {
  if (!isAlive(note.process)) return null;
  const wanted = commandOf(folder, options.port || note.port, options.uiPort || note.uiPort, options);
  const same = JSON.stringify(wanted) === JSON.stringify(note.command);
  if (same && (await answers(note, 5_000))) {
    await prepare(note.port, options);
    noteDatabaseVersion(folder, options.cli.serverVersion);
    return server(note, true, options.logFile);
  }
  const reason = same ? 'does not answer' : 'runs with other settings';
  options.say(`The Temporal left on ${folder} (pid ${note.process.pid}) ${reason}; it is replaced.`);
  await endProcess(note.process, same ? [] : POLITE);
  return null;
}

async function launch(
  folder: string,
  port: number,
  uiPort: number,
  options: TemporalServerOptions,
): Promise<Note> {
  const command = commandOf(folder, port, uiPort, options);
  const [program = '', ...args] = command;
  const child = await spawnDetached({
    command: program,
    args,
    environment: options.environment,
    folder,
    logFile: options.logFile,
  });
  const note: Note = { process: { pid: child.pid, started: child.started }, port, uiPort, command };
  writeFileSync(path.join(folder, 'server.json.new'), JSON.stringify(note), { mode: 0o600 });
  renameSync(path.join(folder, 'server.json.new'), path.join(folder, 'server.json'));
  return note;
}

function commandOf(
  folder: string,
  port: number,
  uiPort: number,
  { cli, namespace }: TemporalServerOptions,
): string[] {
  return [cli.path, ...serverArguments({ port, uiPort, namespace, databaseFile: databaseFile(folder) })];
}

function readNote(folder: string): Note | null {
  const file = path.join(folder, 'server.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Note) : null;
}

async function choosePort(setting: string, wanted: number, before: number | undefined): Promise<number> {
  if (wanted === 0)
    return before !== undefined && (await isPortFree(before, HOST)) ? before : pickFreePort(HOST);
  if (await isPortFree(wanted, HOST)) return wanted;
  throw new AppError(
    'bad_config',
    `${setting}: port ${wanted} of ${HOST} is taken by another program. Set another one; 0 picks a free one.`,
  );
}

/** Waits until the server answers; false when it ends instead. */
async function becomesReady(
  note: Note,
  { logFile, timeoutMs = 60_000 }: TemporalServerOptions,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await answers(note, 2_000))) {
    if (!isAlive(note.process)) return false;
    await sleep(20);
    if (performance.now() >= deadline) {
      await endProcess(note.process, []);
      throw new AppError('unavailable', `Temporal does not answer after ${timeoutMs} ms; see ${logFile}.`);
    }
  }
  return isAlive(note.process);
}

/** Whether the server answers within the time; false at once when it ends. */
async function answers({ process: running, port }: Note, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  // The client goes on trying a port that nobody listens on, so that is asked first.
  while (!(await isListening(port, HOST))) {
    if (!isAlive(running) || performance.now() >= deadline) return false;
    await sleep(20);
  }
  const reached = Connection.connect({ address: `${HOST}:${port}`, connectTimeout: timeoutMs }).then(
    async (connection) => {
      await connection.close();
      return true;
    },
    () => false,
  );
  return Promise.race([reached, waitForEnd(running, timeoutMs).then((ended) => (ended ? false : reached))]);
}

async function prepare(port: number, { namespace, retentionDays }: TemporalServerOptions): Promise<void> {
  const connection = await Connection.connect({ address: `${HOST}:${port}` });
  try {
    await setRetention(connection, namespace, retentionDays);
    await addSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
}

function server(note: Note, adopted: boolean, logFile: string): TemporalServer {
  return {
    address: `${HOST}:${note.port}`,
    uiUrl: `http://${HOST}:${note.uiPort}/temporal`,
    process: note.process,
    adopted,
    logFile,
    stop: () => endProcess(note.process, POLITE),
  };
}
