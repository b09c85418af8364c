import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { Identity } from '../identity.ts';
import { MOST_TERMINALS } from './kernel-bounds.ts';

/** The other words are those that bwrap mounts it with: whatever is not said is reset. */
const OPTIONS = `remount,nosuid,noexec,max=${MOST_TERMINALS},mode=620,ptmxmode=666`;
const SET_UP_MS = 10_000;
const POLL_MS = 5;

/** Whether bwrap has made the sandbox and handed its process over; false once that is gone, or takes too long. */
async function isSetUp(pid: number): Promise<boolean> {
  for (let waited = 0; waited < SET_UP_MS; waited += POLL_MS) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'bwrap\n') return true;
    } catch {
      return false;
    }
    await delay(POLL_MS);
  }
  return false;
}

/**
 * Bounds the terminals of a sandbox that was just launched: they come from one number of the whole host. bwrap has no word for it, so its
 * mount is changed from outside, while sandboxd starts and before the agent's first command can run. With one user id nobody outside is
 * root inside; there, and where the kernel refuses (this rejects), sandboxd's watch ends what takes too many.
 */
export async function boundTerminals(identity: Identity, pid: number): Promise<void> {
  if (identity.kind === 'single' || !(await isSetUp(pid))) return;
  const inside = ['--user', '--mount', '--target', String(pid), '--'];
  const mount = ['mount', '-i', '-n', '-o', OPTIONS, 'devpts', '/dev/pts'];
  await promisify(execFile)('nsenter', [...inside, ...mount], {
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
  });
}
