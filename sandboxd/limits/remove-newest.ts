import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RemovalRequest {
  /** The agent's own. */
  folders: readonly string[];
  /** Files that are let alone as long as they are small. */
  spared: readonly string[];
  /** What has to go at least. */
  bytes: number;
  files: number;
  /** The words that switch to the agent's user. */
  prefix: readonly string[];
  environment: Record<string, string>;
}

const BLOCK_BYTES = 512;
const SMALL_BYTES = 64 * 1024;
/** Names of one pass; the next measure says whether more have to go. */
const MOST_NAMES = 50_000;
/**
 * Opens folders that were closed to their owner before it looks into them, then names files and empty folders, what was changed last first.
 * The time of change can't be set back by anybody.
 */
const LIST = `find "$@" -mindepth 1 -xdev \\( -type d ! \\( -readable -writable -executable \\) -exec chmod u+rwx {} \\; \\) \\
  , \\( ! -type d -o -empty \\) -printf '%C@ %b %p\\0' 2>/dev/null | sort -z -rn`;

async function run(words: readonly string[], request: RemovalRequest, input: string): Promise<void> {
  const [program = '', ...rest] = [...request.prefix, ...words];
  const child = spawn(program, rest, {
    cwd: '/',
    env: request.environment,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(Buffer.from(input, 'latin1'));
  await once(child, 'close');
}

/**
 * Removes the newest files of the agent's folders, with the agent's rights, until so much is gone. Returns the names of what it removed,
 * newest first; empty when nothing could be.
 */
export async function removeNewest(request: RemovalRequest): Promise<string[]> {
  const [program = 'sh', ...rest] = [...request.prefix, 'sh', '-c', LIST, 'newest', ...request.folders];
  const lister = spawn(program, rest, {
    cwd: '/',
    env: request.environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chosen: string[] = [];
  let [bytes, files, unread] = [0, 0, ''];
  const isEnough = (): boolean =>
    chosen.length >= MOST_NAMES || (bytes >= request.bytes && files >= request.files);
  // Names are bytes, of any encoding or none.
  lister.stdout.setEncoding('latin1');
  for await (const chunk of lister.stdout) {
    const rows = `${unread}${chunk as string}`.split('\0');
    unread = rows.pop() ?? '';
    for (const row of rows) {
      if (isEnough()) break;
      const [, blocks = '0', ...words] = row.split(' ');
      const [size, name] = [Number(blocks) * BLOCK_BYTES, words.join(' ')];
      if (size <= SMALL_BYTES && request.spared.includes(name)) continue;
      bytes += size;
      files++;
      chosen.push(name);
    }
    if (isEnough()) break;
  }
  await run(['xargs', '-0', 'rm', '-d', '-f', '--'], request, chosen.map((name) => `${name}\0`).join(''));
  return chosen.map((name) => Buffer.from(name, 'latin1').toString('utf8'));
}
