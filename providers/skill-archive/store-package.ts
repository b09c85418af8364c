import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import type { SkillPackage } from '../../core/skills/skill-package.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { NewSkillVersion } from '../store/skills.ts';
import { contentHash } from './content-hash.ts';
import { writeZip } from './write-zip.ts';

/** What headers add to the files of an archive, at most. */
const OVERHEAD = SKILL_LIMITS.entries * (2 * SKILL_LIMITS.path + 256) * 2;

/**
 * Stores a skill's bytes: the archive, and `SKILL.md` by itself. Nothing refers to them until the version is stored; until then a sweep may take
 * them after its grace.
 *
 * @param versionId - makes the version's id from its content hash.
 */
export async function storePackage(
  blobs: Pick<BlobStore, 'put' | 'putStream'>,
  place: { workspaceId: string; skillId: string },
  skill: SkillPackage,
  versionId: (contentHash: string) => string,
): Promise<NewSkillVersion> {
  const { body: _body, ...document } = skill.document;
  const archive = await blobs.putStream(
    place.workspaceId,
    writeZip(skill, document.name),
    SKILL_LIMITS.packageBytes + OVERHEAD,
  );
  const text = await blobs.put(place.workspaceId, new TextEncoder().encode(skill.text));
  const hash = contentHash(skill.files);
  return {
    ...place,
    id: versionId(hash),
    document,
    contentHash: hash,
    archiveSha256: archive.sha256,
    archiveBytes: archive.bytes,
    documentSha256: text.sha256,
    documentBytes: text.bytes,
  };
}
