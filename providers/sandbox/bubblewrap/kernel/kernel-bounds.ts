import { readFileSync } from 'node:fs';

/**
 * What one sandbox may take of tables that the kernel keeps for the whole host, or for the user that all sandboxes share where the service
 * is not root. Mainstream programs use some tens of each; the host has thousands.
 */

/** Terminals. The host has 4096 (`kernel.pty.max`), of which those outside sandboxes keep 1024. */
export const MOST_TERMINALS = 256;

/** Per sandbox, since each has a user namespace of its own: inotify instances (a user of the host has 128) and what they watch. */
const NAMESPACE_BOUNDS: Readonly<Record<string, number>> = {
  max_inotify_instances: 64,
  max_inotify_watches: 65_536,
  // No call makes any, and none could be made by a call that the filter does not know.
  max_user_namespaces: 0,
};

/** Shell commands for process number 1, which set what is counted per user namespace. */
export const NAMESPACE_SCRIPT = Object.entries(NAMESPACE_BOUNDS)
  .map(([name, value]) => `echo ${value} >/proc/sys/user/${name}`)
  .join('\n');

/**
 * Bounds of each user of the sandbox, by option of prlimit and its line in `/proc/self/limits`: signals and timers that wait, bytes of
 * POSIX message queues, and memory that can't be swapped.
 */
const USER_BOUNDS = [
  { option: 'sigpending', line: 'Max pending signals', most: 4_096 },
  { option: 'msgqueue', line: 'Max msgqueue size', most: 819_200 },
  { option: 'memlock', line: 'Max locked memory', most: 64 * 1024 * 1024 },
] as const;

/** The words for prlimit. A limit that this process itself has can't be raised, and need not be. */
export function userBounds(limits = readFileSync('/proc/self/limits', 'utf8')): string[] {
  return USER_BOUNDS.map(({ option, line, most }) => {
    const hard = new RegExp(`^${line}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1] ?? 'unlimited';
    return `--${option}=${hard === 'unlimited' ? most : Math.min(most, Number(hard))}`;
  });
}
