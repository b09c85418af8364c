import { splitFrontmatter } from '../../core/skills/split-frontmatter.ts';
import type { SkillPin } from '../../core/skills/skill-pin.ts';
import type { BlobStore } from '../blob/blob-store.ts';

/** The instructions of a pinned skill: always the same for the same pin. Rejects with `not_found` when the blob is gone. */
export async function readInstructions(
  blobs: Pick<BlobStore, 'get'>,
  { blobWorkspaceId, documentSha256 }: SkillPin,
): Promise<string> {
  const bytes = await blobs.get(blobWorkspaceId, documentSha256);
  return splitFrontmatter(new TextDecoder().decode(bytes)).body;
}
