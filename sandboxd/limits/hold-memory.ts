import { readFileSync } from 'node:fs';

import type { AsAgent } from '../as-agent.ts';
import { signalQuietly, type ProcessRow } from '../processes.ts';

/** What the kernel keeps of one mapping, in some of its tables. */
const MAPPING_BYTES = 256;
/** Before so much of the limit is in memory of a kind on the whole host, no sandbox can hide much of it. */
const HIDING_SHARE = 4;
/** Of memory that processes share without a file: where it is mapped, at which offset, and which piece of memory it is. */
const SHARED = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) 00:01 (\d+)\s+\/dev\/zero \(deleted\)$/;

export interface MemoryDeps {
  /** All processes together, in bytes. */
  limit: number;
  /** Looks at what processes have mapped. */
  look: AsAgent;
  log(message: string): void;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // It ended.
    return '';
  }
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** What a process has in memory, swapped out and in tables of its pages, and how much of it is shared. */
function ownBytes(place: string): { bytes: number; shared: number } {
  const status = read(`${place}/status`);
  const parts = ['VmRSS', 'VmSwap', 'VmPTE'].map((name) => kibibytes(status, name));
  return { bytes: parts.reduce((sum, part) => sum + part, 0), shared: kibibytes(status, 'RssShmem') };
}

/**
 * Bounds the memory of all processes together, where no control group does: over the limit the process group that has most is killed.
 *
 * A process can let go of shared memory that it filled, which then shows in no process's memory and is there all the same as long as
 * somebody has it mapped; and it can have so many mappings that these take memory themselves. Both are looked for when the host has much of
 * what they are made of, since that costs time.
 */
export function createHoldMemory({ limit, look, log }: MemoryDeps): (rows: readonly ProcessRow[]) => void {
  /** The largest extent that was seen of each shared piece: parts of it may have been unmapped since. */
  let extents = new Map<string, number>();

  /** What the process groups have that their processes do not show; each shared piece counts once. */
  function hiddenBytes(rows: readonly ProcessRow[], shownShared: number): Map<number, number> {
    const hidden = new Map<number, number>();
    const add = (group: number, bytes: number): void => {
      hidden.set(group, (hidden.get(group) ?? 0) + bytes);
    };
    const seen = new Map<string, { bytes: number; group: number }>();
    for (const { place, group } of rows) {
      const lines = look(() => read(`${place}/maps`)).split('\n');
      add(group, lines.length * MAPPING_BYTES);
      for (const line of lines) {
        const found = SHARED.exec(line);
        if (found === null) continue;
        const [from = 0, to = 0, offset = 0] = found.slice(1, 4).map((hex) => Number.parseInt(hex, 16));
        const piece = found[4] ?? '';
        const before = seen.get(piece)?.bytes ?? extents.get(piece) ?? 0;
        seen.set(piece, { bytes: Math.max(before, offset + to - from), group });
      }
    }
    extents = new Map([...seen].map(([piece, { bytes }]) => [piece, bytes]));
    const all = [...seen.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const share = all === 0 ? 0 : Math.max(0, 1 - shownShared / all);
    for (const { bytes, group } of seen.values()) add(group, bytes * share);
    return hidden;
  }

  return (rows) => {
    const groups = new Map<number, number>();
    let shared = 0;
    for (const { place, group } of rows) {
      const own = ownBytes(place);
      shared += own.shared;
      groups.set(group, (groups.get(group) ?? 0) + own.bytes);
    }
    const host = read('/proc/meminfo');
    const most = Math.max(kibibytes(host, 'Shmem'), kibibytes(host, 'SUnreclaim'));
    if (most >= limit / HIDING_SHARE)
      for (const [group, bytes] of hiddenBytes(rows, shared))
        groups.set(group, (groups.get(group) ?? 0) + bytes);
    const total = [...groups.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (total <= limit) return;
    const [largest] = [...groups].sort((one, other) => other[1] - one[1]);
    if (largest === undefined) return;
    log(`memory: ${total} bytes are over the limit of ${limit}; process group ${largest[0]} is killed`);
    for (const row of rows) if (row.group === largest[0]) signalQuietly(row.pid, 'SIGKILL');
  };
}
