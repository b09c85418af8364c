import { readFileSync } from 'node:fs';

/**
 * What a launcher tells sandboxd, as one JSON argument. Nothing in it is secret: commands in the sandbox can read the argument list.
 */
export interface Settings {
  /** Names this start of the sandbox. Processes of another boot are gone. */
  boot: string;
  /** Folder of records, written by sandboxd only: where `agent` is set, the agent's commands can't write it. */
  state: string;
  /** Where relative paths and the first command start. */
  workdir: string;
  home: string;
  /** Where sandboxd keeps long results, and where the agent sees them. */
  outputsFolder: string;
  outputsPath: string;
  /** The folder whose files the user receives. */
  outputs: string;
  /** Other folders that belong to the agent: sandboxd hands them over when it starts. */
  agentFolders: string[];
  /** Whom commands run as. Null: as sandboxd itself, where only one user id is to be had. */
  agent: { uid: number; gid: number } | null;
  /**
   * Folder of the host's own claims, which nothing in the sandbox can write: `<id>.abandoned` there forbids the start of a call.
   */
  claims: string;
  /** `all`: every process that sandboxd sees is the sandbox's. `own`: it shares the system with others. */
  processes: 'all' | 'own';
  /** The browser: its program, the Chromium that it drives, and when it stops; null where there is none. */
  browser: { program: string; executable: string; idleMs: number } | null;
  /** Folder of the programs that run code. */
  codeFolder: string;
  /** The socket of the session's proxy, or its address; null where the sandbox has no network. */
  egressSocket: string | { host: string; port: number } | null;
  /** The folder of the user's files where sandboxd itself places them; null where the host does. The agent can't write it. */
  uploads: string | null;
  /** Variables of commands besides those that every sandbox has. */
  variables: Record<string, string>;
  /** The search path of commands. */
  path: string;
  /** sandboxd ends, and the sandbox with it, after this long without a request and without a running call. 0: never. */
  idleMs: number;
  /** Longer output is shown as a preview. */
  outputCharacters: number;
  /** How much of one command's output is kept as a file. */
  outputFileBytes: number;
  /** Open files of one process. */
  openFiles: number;
  /** All processes of the agent together, resident bytes; 0: no watch here. */
  memoryBytes: number;
  /** Everything in `agentFolders`, `state` and `outputsFolder`, and deleted files that are still open; 0: no watch here. */
  diskBytes: number;
  diskFiles: number;
  /** All of these lie on a file system of their own, which knows what is taken. */
  isDiskSized: boolean;
  /**
   * A folder on a disk that the database may share, and what stays free of it: commands that write are ended below that. Null bytes: a share
   * of the disk.
   */
  reserve: { folder: string; bytes: number | null };
  /** A listening socket that the launcher made, or a port with the file that holds the bearer token. */
  listen: { fd: number } | { port: number; tokenFile: string };
}

/** Reads the settings from the first argument. A wrong argument is a defect of the launcher and ends the process. */
export function readSettings(argument: string | undefined): Settings {
  if (argument === undefined) throw new Error('sandboxd needs its settings as the first argument');
  return JSON.parse(argument) as Settings;
}

/** The bearer token that requests must carry, or undefined where the socket itself is the permission. */
export function tokenOf(settings: Settings): string | undefined {
  return 'tokenFile' in settings.listen ? readFileSync(settings.listen.tokenFile, 'utf8').trim() : undefined;
}
