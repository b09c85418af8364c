import type { SkillArgument } from './skill-document.ts';
import type { SkillPackages } from './skill-packages.ts';

/** A skill as an agent names it. */
export interface SkillReference {
  type: 'anthropic' | 'custom';
  skill_id: string;
  /** Left out, null or `latest`: the newest. */
  version?: string | null | undefined;
}

/**
 * A skill as a session keeps it, for life: whatever happens to the skill afterwards, these bytes stay. Bodies and files are read by their
 * hashes, so the same session always says and places the same.
 */
export interface SkillPin {
  source: 'anthropic' | 'custom';
  /** As the agent names it. */
  skillId: string;
  versionId: string;
  name: string;
  description: string;
  contentHash: string;
  /** Under which workspace the blobs lie. */
  blobWorkspaceId: string;
  /** The zip archive with everything. */
  archiveSha256: string;
  /** `SKILL.md` alone. */
  documentSha256: string;
  userInvocable: boolean;
  modelInvocable: boolean;
  sticky: boolean;
  arguments: SkillArgument[];
  argumentHint: string | null;
  /** What its scripts need; left out where it says nothing of it. */
  packages?: SkillPackages;
}
