import { readFileSync, statfsSync } from 'node:fs';

import { defaultReserve, reservesLeft } from '../../core/disk-room.ts';
import type { AsAgent } from '../as-agent.ts';
import type { Calls } from '../calls.ts';
import { listProcesses } from '../processes.ts';
import type { Settings } from '../settings.ts';
import { createLookInside } from './look-inside.ts';
import type { Pace } from './pace.ts';

/** At a gigabyte a second a command takes a quarter of the smallest reserve between two looks. */
const LOOK_MS = 250;
/** What programs write of logs and caches is no reason to end them. */
const WRITES_BYTES = 1024 * 1024;
const NOTICE =
  '[Background processes were ended, since the disk of the machine that runs this sandbox is almost full.]';

export interface ReserveDeps {
  settings: Pick<Settings, 'reserve'>;
  asAgent: AsAgent;
  calls: Pick<Calls, 'endCommands' | 'endBackground' | 'hasBackground' | 'runningCount'>;
  pace: Pace;
  log(message: string): void;
}

function writtenBy(pid: number): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * Keeps the last room of the disk for the database: below the reserve what writes in this sandbox is ended, below half of it all that runs,
 * since what writes by many short processes does not show. Works without the host: a worker that died is no reason to let the disk fill.
 */
export async function guardReserve({ settings, asAgent, calls, pace, log }: ReserveDeps): Promise<void> {
  const { folder, bytes } = settings.reserve;
  if (bytes === 0) return;
  const look = createLookInside(asAgent);
  let seen: Map<number, number> | undefined;
  const glance = (): void => {
    const figures = statfsSync(folder);
    const reserve = bytes ?? defaultReserve(figures.blocks * figures.bsize);
    const reserves = reservesLeft(figures, reserve);
    if (reserves >= 1) {
      seen = undefined;
      return;
    }
    if (calls.runningCount() === 0 && !calls.hasBackground()) return;
    const before = seen;
    const now = look(
      () => new Map(listProcesses().map(({ pid }): [number, number] => [pid, writtenBy(pid)] as const)),
    );
    seen = now;
    let written = 0;
    // The first look only tells what was written when there was room.
    if (before !== undefined)
      for (const [pid, total] of now) written += Math.max(0, total - (before.get(pid) ?? 0));
    const writes = written > WRITES_BYTES;
    if (!writes && reserves >= 0.5) return;
    log(
      `the disk has ${figures.bavail * figures.bsize} bytes and ${figures.ffree} files left, ${reserves.toFixed(2)} times what is reserved: commands are ended`,
    );
    calls.endCommands('disk');
    if (calls.hasBackground()) calls.endBackground(NOTICE);
  };
  for (;;) {
    await pace.pause(LOOK_MS);
    glance();
  }
}
