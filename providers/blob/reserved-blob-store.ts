import type { Readable } from 'node:stream';

import type { DiskReserve } from '../disk/disk-reserve.ts';
import type { BlobStore } from './blob-store.ts';

/**
 * Refuses large contents (files, archives, skills), which come as streams, with `disk_full` while the disk is kept for the database. Small ones are
 * parts of messages and of sessions that run, and pass.
 */
export function createReservedBlobStore(inner: BlobStore, reserve: Pick<DiskReserve, 'require'>): BlobStore {
  function requireRoom(source: Readable): void {
    try {
      reserve.require('no file can be stored');
    } catch (error) {
      source.destroy();
      throw error;
    }
  }
  return {
    ...inner,
    async putStream(workspaceId, source, limit) {
      requireRoom(source);
      return inner.putStream(workspaceId, source, limit);
    },
    async stage(workspaceId, source, limit) {
      requireRoom(source);
      return inner.stage(workspaceId, source, limit);
    },
  };
}
