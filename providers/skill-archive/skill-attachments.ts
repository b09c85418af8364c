import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import { skillFolder } from '../../core/skills/skill-place.ts';
import { toPackageFiles, type SkillFile } from '../../core/skills/skill-package.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { SkillReader } from './skill-reader.ts';

/** A file of a skill, to be placed in a sandbox. */
export interface SkillAttachment {
  /** In the sandbox, absolute. */
  path: string;
  sha256: string;
  executable: boolean;
  open(): Promise<Readable>;
}

/** Several calls may wait for the same archive, so none of them ends the reading. */
const NEVER = new AbortController().signal;

/** Archives whose lists of files are remembered. */
const MAX_LISTS = 1_000;

/** Bytes of unpacked archives that are kept; one larger than this is kept alone. */
const MAX_UNPACKED_BYTES = 16 * 1024 * 1024;

function sizeOf(files: readonly SkillFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

type Listed = Pick<SkillAttachment, 'sha256' | 'executable'> & { relative: string };

/**
 * Tells which files the skills of a session are, so that they can be placed before its tools run. An archive is read once to list it, and
 * again when a file is opened; what stays in memory are the lists.
 */
export function createSkillAttachments(
  blobs: Pick<BlobStore, 'get'>,
  reader: Pick<SkillReader, 'unpack'>,
): (pins: readonly SkillPin[]) => Promise<SkillAttachment[]> {
  const lists = new Map<string, Listed[]>();
  /** Archives that were read a moment ago: what is listed is opened soon after. */
  const unpacked = new Map<string, readonly SkillFile[]>();
  let unpackedBytes = 0;

  async function filesOf({ blobWorkspaceId, archiveSha256 }: SkillPin): Promise<readonly SkillFile[]> {
    const known = unpacked.get(archiveSha256);
    if (known) return known;
    const archive = await blobs.get(blobWorkspaceId, archiveSha256);
    const { files } = toPackageFiles(await reader.unpack(blobWorkspaceId, archive, 'zip', NEVER));
    const bytes = sizeOf(files);
    for (const [sha256, other] of unpacked) {
      if (unpackedBytes + bytes <= MAX_UNPACKED_BYTES) break;
      unpacked.delete(sha256);
      unpackedBytes -= sizeOf(other);
    }
    unpacked.set(archiveSha256, files);
    unpackedBytes += bytes;
    return files;
  }

  async function listOf(pin: SkillPin): Promise<Listed[]> {
    const known = lists.get(pin.archiveSha256);
    if (known) return known;
    const list = (await filesOf(pin)).map(({ path, bytes, executable }) => ({
      relative: path,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      executable,
    }));
    const [oldest] = lists.keys();
    if (lists.size >= MAX_LISTS && oldest !== undefined) lists.delete(oldest);
    lists.set(pin.archiveSha256, list);
    return list;
  }

  return async (pins) => {
    const attachments: SkillAttachment[] = [];
    for (const pin of pins) {
      for (const { relative, sha256, executable } of await listOf(pin)) {
        attachments.push({
          path: `${skillFolder(pin.name)}/${relative}`,
          sha256,
          executable,
          async open() {
            const file = (await filesOf(pin)).find(({ path }) => path === relative);
            if (!file) throw new Error(`the archive of the skill ${pin.name} has no ${relative} any more`);
            return Readable.from([Buffer.from(file.bytes)]);
          },
        });
      }
    }
    return attachments;
  };
}
