import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { shellQuote } from '../shell-script.ts';

export interface RemovalRequest {
  /** The agent's own. */
  folders: readonly string[];
  /** Patterns of the paths of files that are let alone as long as they are small. */
  spared: readonly string[];
  /** What has to go at least. */
  bytes: number;
  files: number;
  /** The words that switch to the agent's user. */
  prefix: readonly string[];
  environment: Record<string, string>;
}

export interface Removed {
  count: number;
  /** Of some of them, cut where they are very long. */
  names: string[];
}

const BLOCK_BYTES = 512;
/** 64 KiB in blocks, one more. */
const LARGE = '129';
const MOST_NAMES = 20;
/** Times of the disk are as exact as the clock of the kernel's ticks. */
const TICK_NS = 20_000_000n;

/**
 * In all scripts the folders are the words. Nothing is named by its whole path, which may be longer than a path may be: find opens one
 * folder after the other.
 *
 * Folders that were closed to their owner are opened first.
 */
const OPEN =
  'find "$@" -mindepth 1 -xdev -type d ! \\( -readable -writable -executable \\) -execdir chmod u+rwx {} \\;';
/**
 * When files and empty folders were changed, what was last first. The time of change can't be set back by anybody. Sorted in memory: the agent
 * may have filled the place of temporary files.
 */
const list = (spared: string): string =>
  `find "$@" -mindepth 1 -xdev \\( ! -type d -o -empty \\) ${spared} -printf '%C@ %b\\n' | sort -rn -S 128M`;
const remove = (spared: string, since: string, folders: string): string =>
  `find "$@" -mindepth 1 -xdev -depth -newerct @${since} \\( ! -type d -o ${folders} \\) ${spared} -delete -printf '%.300p\\0'`;

/** Nanoseconds as find writes and reads them. */
function nanosecondsOf(time: string): bigint {
  const [seconds = '0', fraction = ''] = time.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}
function timeOf(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`;
}

/** Runs a script as the agent; what it says is handed over in pieces, in latin1, since names are bytes of any encoding or none. */
async function run(request: RemovalRequest, script: string, take: (text: string) => void): Promise<void> {
  const words = ['sh', '-c', script, 'newest', ...request.folders];
  const [program = 'sh', ...rest] = [...request.prefix, ...words];
  const child = spawn(program, rest, {
    cwd: '/',
    env: request.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.setEncoding('latin1').on('data', take);
  await once(child, 'close');
}

/** Hands over each piece of a text that comes in parts, without what ends it. */
function splitting(end: string, take: (piece: string) => void): (text: string) => void {
  let unread = '';
  return (text) => {
    const pieces = (unread + text).split(end);
    unread = pieces.pop() ?? '';
    for (const piece of pieces) take(piece);
  };
}

/**
 * Removes the newest files of the agent's folders, with the agent's rights, until so much is gone. Tells what it removed; nothing where
 * nothing could be.
 */
export async function removeNewest(request: RemovalRequest): Promise<Removed> {
  const paths = request.spared.map((path) => `-path ${shellQuote(path)}`).join(' -o ');
  const spared = request.spared.length === 0 ? '' : `! \\( -size -${LARGE} \\( ${paths} \\) \\)`;
  const begun = BigInt(Date.now()) * 1_000_000n;
  await run(request, OPEN, () => {});
  let [bytes, files] = [0, 0];
  let oldest: string | undefined;
  const choose = splitting('\n', (row) => {
    if (bytes >= request.bytes && files >= request.files) return;
    const [time = '', blocks = '0'] = row.split(' ');
    bytes += Number(blocks) * BLOCK_BYTES;
    files++;
    oldest = time;
  });
  await run(request, list(spared), choose);
  const removed: Removed = { count: 0, names: [] };
  if (oldest === undefined) return removed;
  // Folders that are only now empty stay, as long as it is not their number that is over.
  const folders = request.files > 0 ? '-empty' : `\\( -empty ! -newerct @${timeOf(begun - TICK_NS)} \\)`;
  const note = splitting('\0', (name) => {
    removed.count++;
    if (removed.names.length < MOST_NAMES) removed.names.push(Buffer.from(name, 'latin1').toString('utf8'));
  });
  await run(request, remove(spared, timeOf(nanosecondsOf(oldest) - 1n), folders), note);
  return removed;
}
