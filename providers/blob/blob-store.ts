import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';

/**
 * Bytes by content. Keys are `workspace/sha256`; the same bytes written twice are one blob. Writing is atomic: a blob is whole or
 * absent, also after a crash. Callers retry; an adapter may repeat what is
 * harmless to repeat.
 */
export interface BlobStore {
  /**
   * Stores bytes. Returns the blob's name, the lower-case hex sha256 of what is stored: of these bytes, or of what they were encrypted
   * to; and how many bytes were given.
   */
  put(workspaceId: string, bytes: Uint8Array): Promise<{ sha256: string; bytes: number }>;
  /**
   * Stores a stream without holding it in memory. Rejects with `too_large`, leaving nothing, once more than `limit` bytes came; with
   * the stream's error, leaving nothing, when it breaks.
   */
  putStream(workspaceId: string, source: Readable, limit: number): Promise<{ sha256: string; bytes: number }>;
  /**
   * Takes a stream in, as `putStream` does, without storing it yet: nobody finds it before `keep`. What is neither kept nor dropped goes
   * when it is a day old.
   */
  stage(workspaceId: string, source: Readable, limit: number): Promise<StagedBlob>;
  /** The whole blob. Rejects with `not_found`. */
  get(workspaceId: string, sha256: string): Promise<Uint8Array>;
  /** A stream over the blob. Rejects with `not_found`. */
  open(workspaceId: string, sha256: string): Promise<Readable>;
  has(workspaceId: string, sha256: string): Promise<boolean>;
  /** Every blob, in any order. Those stored or removed meanwhile may be among them or not. */
  list(): AsyncIterable<{ workspaceId: string; sha256: string }>;
  /**
   * Removes one blob as `sweep` would. Returns whether it is gone: false for one that is younger than `graceMs`, since whoever stored it
   * may be about to refer to it, or that `isReferenced` claims.
   */
  remove(
    workspaceId: string,
    sha256: string,
    graceMs: number,
    isReferenced: () => Promise<boolean>,
  ): Promise<boolean>;
  /** Removes blobs that are older than `graceMs` and that `isReferenced` does not claim. Returns how many. */
  sweep(
    graceMs: number,
    isReferenced: (workspaceId: string, sha256: string) => Promise<boolean>,
  ): Promise<number>;
}

/** A blob that came, and is stored or forgotten. */
export interface StagedBlob {
  sha256: string;
  bytes: number;
  /** Stores it, under its name. */
  keep(): Promise<void>;
  /** Forgets it, after which nothing of it is left. Does nothing once it is kept. */
  drop(): Promise<void>;
}

/** What reading an absent blob rejects with. */
export function blobNotFound(sha256: string): AppError {
  return new AppError('not_found', `The blob ${sha256} was not found.`);
}
