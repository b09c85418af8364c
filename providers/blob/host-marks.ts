import { createHash } from 'node:crypto';
import type { BlobStore } from './blob-store.ts';

/** No workspace's name has a character like these. */
const PLACE = '\u0000hosts\u0000';

/** Whether a blob of this place marks a host. */
export function isHostMark(place: string): boolean {
  return place === PLACE;
}

/**
 * Shows whose blob store is whose: each host of sandboxes leaves a mark in its own, and who does not find it there has another one. Marks
 * must be in the store itself, under no encryption, since they are looked for by their hash.
 */
export interface HostMarks {
  /** Leaves or renews the mark of a host. A mark that is not renewed goes with the unreferenced blobs. */
  leave(hostId: string): Promise<void>;
  /** Those of these hosts whose mark is not here: what they save cannot be read here, nor the other way round. */
  missing(hostIds: readonly string[]): Promise<string[]>;
  /** Resolves when blobs can be stored now; rejects with what keeps them from it. */
  check(): Promise<void>;
}

/** By what a machine without sandboxes is marked: its workers come and go. Of a name of several words the registry of workers shows the first. */
export function machineMark(machine: string): string {
  return `without sandboxes, machine ${machine.split(' ', 1)[0] ?? ''}`;
}

/** It is the same each time, so that looking often leaves one blob at most. */
const TRIAL = Buffer.from('Blobs can be stored here.\n');

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @param blobs - as they are stored. */
export function createHostMarks(blobs: Pick<BlobStore, 'put' | 'has'>): HostMarks {
  const markOf = (hostId: string): Uint8Array => Buffer.from(`The host ${hostId} stores its blobs here.\n`);
  return {
    async leave(hostId) {
      await blobs.put(PLACE, markOf(hostId));
    },
    async missing(hostIds) {
      const here = await Promise.all(hostIds.map((hostId) => blobs.has(PLACE, hashOf(markOf(hostId)))));
      return hostIds.filter((_hostId, index) => here[index] !== true);
    },
    async check() {
      await blobs.put(PLACE, TRIAL);
    },
  };
}
