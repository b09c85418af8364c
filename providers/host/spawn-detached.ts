import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

export interface DetachedCommand {
  command: string;
  args: string[];
  /** The whole environment of the child; nothing is inherited. */
  environment: Record<string, string | undefined>;
  folder: string;
  /** Gets standard output and error, appended. */
  logFile: string;
  /** Open files that the child gets as descriptors 3 and up. */
  descriptors?: readonly number[];
  /** Runs the child as another user; only root can. Supplementary groups are dropped. */
  user?: { uid: number; gid: number };
}

export interface DetachedProcess extends ProcessIdentity {
  /** Settles when the child has ended, with its exit code or the name of the signal that ended it. Never rejects. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts a process that outlives this one: in a session of its own, so that a terminal's Ctrl-C does not reach it, and with a log file
 * instead of pipes, since a pipe whose reader is gone kills its writer at the next line.
 * Rejects when the command cannot be started at all.
 */
export async function spawnDetached(given: DetachedCommand): Promise<DetachedProcess> {
  mkdirSync(path.dirname(given.logFile), { recursive: true });
  const log = openSync(given.logFile, 'a', 0o600);
  try {
    const child = spawn(given.command, given.args, {
      cwd: given.folder,
      env: given.environment,
      detached: true,
      stdio: ['ignore', log, log, ...(given.descriptors ?? [])],
      ...given.user,
    });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    return { pid, started: identifyProcess(pid)?.started ?? 'ended', ended };
  } finally {
    closeSync(log);
  }
}
