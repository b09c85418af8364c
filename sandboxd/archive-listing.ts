import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

import type { AsAgent } from './as-agent.ts';

/** Of each thing that is kept: its name in the archive, and what changes whenever it does. */
export type Listing = Map<string, { state: string; bytes: number }>;

export interface ListingDeps {
  /** Folder of links to the kept folders; names in the listing start there. */
  roots: string;
  /** Those of the links that are followed. */
  folders: readonly string[];
  /** The file that holds the shell's state, or nothing. */
  shellState: string;
  asAgent: AsAgent;
  prefix: readonly string[];
  environment: Record<string, string>;
}

/** The shell's state as the archive names it. */
export const SHELL_STATE = 'shell/current';
const SHELL_STATE_BYTES = 1024 * 1024;

/** What programs make again by themselves, and what can be as large as they like. */
const LEFT_OUT = ['home/.cache', 'home/.browser/*Cache*'];
const FIELDS = '%y %m %s %T@ %C@ %i %p\\0';
/** A folder counts as changed when its mode changes: what happens in it shows in its entries. */
const FOLDER = 'd %m 0 0 0 0 %p\\0';
const KINDS = ['-type', 'd', '-printf', FOLDER, '-o', '-type', 'l', '-printf', FIELDS, '-o'].concat([
  '-type',
  'f',
  '-readable',
  '-printf',
  FIELDS,
]);

/** The state of the shell by its content: it is written anew by every command, mostly as it was. */
function addShellState(deps: ListingDeps, listing: Listing): void {
  try {
    const descriptor = deps.asAgent(() =>
      openSync(deps.shellState, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > SHELL_STATE_BYTES) return;
      const state = createHash('sha256').update(readFileSync(descriptor)).digest('hex');
      listing.set(SHELL_STATE, { state, bytes: stats.size });
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // No command has run yet, or the agent put something else there: there is no state to keep.
  }
}

/**
 * Lists regular files that the agent can read, folders and symbolic links below the kept folders. Sockets, pipes and devices are left
 * out. Ends early, with what it has, once more than `mostFiles` were found.
 */
export async function listKept(deps: ListingDeps, mostFiles: number): Promise<Listing> {
  const leftOut = LEFT_OUT.flatMap((pattern, index) => [...(index === 0 ? [] : ['-o']), '-path', pattern]);
  const words = [
    ...deps.prefix,
    'find',
    ...deps.folders.map((name) => `${name}/`),
    '-xdev',
    '-mindepth',
    '1',
    '(',
    ...leftOut,
    ')',
    '-prune',
    '-o',
    ...KINDS,
  ];
  const [program = 'find', ...rest] = words;
  const child = spawn(program, rest, {
    cwd: deps.roots,
    env: deps.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  ended.catch(() => {});
  const listing: Listing = new Map();
  let tail = '';
  for await (const chunk of child.stdout.setEncoding('latin1')) {
    const rows = (tail + String(chunk)).split('\0');
    tail = rows.pop() ?? '';
    for (const row of rows) {
      const fields = row.split(' ');
      const name = fields.slice(6).join(' ');
      listing.set(name, {
        state: fields.slice(0, 6).join(' '),
        bytes: fields[0] === 'f' ? Number(fields[2]) : 0,
      });
    }
    if (listing.size > mostFiles) child.kill('SIGKILL');
  }
  await ended;
  addShellState(deps, listing);
  return listing;
}

/** What happened between two listings, in the order in which it must be put back: folders before what is in them. */
export function changesBetween(before: Listing, now: Listing): { changed: string[]; removed: string[] } {
  const changed = [...now]
    .filter(([name, { state }]) => before.get(name)?.state !== state)
    .map(([name]) => name);
  // A thing of another kind must make way first: a folder does not go where a file is, nor the other way round.
  const kindOf = (state: string | undefined): string => (state?.startsWith('d ') ? 'folder' : 'other');
  const removed = [...before]
    .filter(([name, { state }]) => !now.has(name) || kindOf(now.get(name)?.state) !== kindOf(state))
    .map(([name]) => name);
  return { changed, removed };
}
