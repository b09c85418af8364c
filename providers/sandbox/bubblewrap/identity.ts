import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Which of the host's user ids a sandbox runs as. `pair` and `subordinate` have two: sandboxd's and the agent's, so that the agent's
 * commands can't reach sandboxd or its records. `single` has the service's own id for both.
 */
export type Identity =
  | { kind: 'pair'; keeper: number; agent: number }
  | { kind: 'subordinate'; keeper: number; agent: number }
  | { kind: 'single' };

/** The ids that sandboxes may be given. */
export interface IdRange {
  first: number;
  count: number;
}

/**
 * Above everything that Debian, Fedora and systemd give to users, services and containers, and below 2^31, where some programs
 * take a uid for negative.
 */
export const DEFAULT_ROOT_RANGE: IdRange = { first: 1_900_000_000, count: 1_000_000 };

/** What the service may hand out on this host, by who it runs as. */
export type IdentitySource =
  | { kind: 'pair'; range: IdRange }
  | { kind: 'subordinate'; range: IdRange }
  | { kind: 'single'; why: string };

/** The first range in /etc/subuid or /etc/subgid for a user, by name or number. */
export function subordinateRange(file: string, user: string, uid: number): IdRange | undefined {
  for (const line of file.split('\n')) {
    const [owner, first, count] = line.trim().split(':');
    if ((owner === user || owner === String(uid)) && Number(first) > 0 && Number(count) > 0) {
      return { first: Number(first), count: Number(count) };
    }
  }
  return undefined;
}

/**
 * The part of a range that exists here: a container may have been given fewer ids than its files name.
 *
 * @param map - as in /proc/self/uid_map: where ids begin here, where outside, and how many.
 */
export function existingRange({ first, count }: IdRange, map: string): IdRange {
  for (const line of map.split('\n')) {
    const [begin = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
    const from = Math.max(first, begin);
    const to = Math.min(first + count, begin + length);
    if (from < to) return { first: from, count: to - from };
  }
  return { first, count: map === '' ? count : 0 };
}

/** Whether programs can have rights that this process does not have, by its `/proc/self/status`. */
export function mayGainRights(status: string): boolean {
  return !/^NoNewPrivs:\s*1$/m.test(status);
}

function hasProgram(name: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${name}`], {
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Finds out what ids sandboxes can have. `uid` is the service's own. */
export function identitySource(uid: number, rootRange: IdRange): IdentitySource {
  if (uid === 0) return { kind: 'pair', range: rootRange };
  let user = String(uid);
  try {
    user = userInfo().username;
  } catch {
    // A uid without a name can still be listed by number.
  }
  const users = subordinateRange(readOptional('/etc/subuid'), user, uid);
  const groups = subordinateRange(readOptional('/etc/subgid'), user, uid);
  if (users === undefined || groups === undefined)
    return { kind: 'single', why: `/etc/subuid and /etc/subgid name no range for ${user}` };
  if (!hasProgram('newuidmap') || !hasProgram('newgidmap'))
    return { kind: 'single', why: 'newuidmap is not installed (Debian: uidmap)' };
  if (!mayGainRights(readOptional('/proc/self/status'))) {
    const settings = 'no-new-privileges in Docker, allowPrivilegeEscalation: false in Kubernetes';
    return { kind: 'single', why: `newuidmap is kept from the right that it needs (${settings})` };
  }
  // One number serves as user and group, so only what both ranges hold can be used.
  const first = Math.max(users.first, groups.first);
  const count = Math.min(users.first + users.count, groups.first + groups.count) - first;
  if (count <= 0)
    return { kind: 'single', why: `/etc/subuid and /etc/subgid give ${user} different numbers` };
  const range = ['uid_map', 'gid_map'].reduce(
    (found, map) => existingRange(found, readOptional(`/proc/self/${map}`)),
    { first, count },
  );
  if (range.count === 0)
    return { kind: 'single', why: `the ids that /etc/subuid gives ${user} do not exist in this container` };
  return { kind: 'subordinate', range };
}
