import type { SkillLookup } from '../../core/skills/pin-skills.ts';
import type { SkillDocument } from '../../core/skills/skill-document.ts';
import type { Position, Slice } from './position.ts';

/** A skill's row. Times are Unix milliseconds. */
export interface StoredSkill {
  /** The workspace it belongs to, or the one of built-in skills. */
  workspaceId: string;
  id: string;
  displayName: string;
  latestVersionId: string;
  createdAt: number;
  updatedAt: number;
}

/** A version's row. It never changes. The blobs lie under `workspaceId`. */
export interface StoredSkillVersion {
  workspaceId: string;
  skillId: string;
  id: string;
  /** `SKILL.md` without its body, which is the blob `documentSha256`. */
  document: Omit<SkillDocument, 'body'>;
  /** Over paths, execute bits and contents: two versions with the same are the same. */
  contentHash: string;
  /** The zip archive, in one folder of the skill's name. */
  archiveSha256: string;
  archiveBytes: number;
  documentSha256: string;
  documentBytes: number;
  createdAt: number;
}

export type NewSkillVersion = Omit<StoredSkillVersion, 'createdAt'>;

/**
 * Skills and their versions. Every call names the workspace whose skills it means, and sees nothing of others. Rejects with
 * `unavailable`; nothing is retried.
 */
export interface SkillStore {
  /** Stores a skill with its first version. */
  create(displayName: string, version: NewSkillVersion): Promise<StoredSkill>;
  /**
   * Makes a version the newest. Where the newest has the same content hash, nothing is stored and that one comes back. Rejects with
   * `not_found` for an unknown skill, with `invalid_request` for a version of another name.
   */
  addVersion(version: NewSkillVersion): Promise<StoredSkillVersion>;
  /**
   * Makes a version the newest of a built-in skill, whether or not there is such a skill or version yet. Idempotent.
   */
  publish(displayName: string, version: NewSkillVersion): Promise<'published' | 'unchanged'>;
  get(workspaceId: string, skillId: string): Promise<StoredSkill | null>;
  /** Of all these workspaces together, newest first. */
  list(
    workspaceIds: readonly string[],
    query: { limit: number; after: Position | null },
  ): Promise<Slice<StoredSkill>>;
  /** Removes a skill with its versions. Sessions keep what they pinned. Whether it was there. */
  delete(workspaceId: string, skillId: string): Promise<boolean>;
  /** The versions that are looked up, in the same order; null for what is not there. */
  find(lookups: readonly SkillLookup[]): Promise<(StoredSkillVersion | null)[]>;
  /** Newest first. */
  listVersions(
    workspaceId: string,
    skillId: string,
    query: { limit: number; after: Position | null },
  ): Promise<Slice<StoredSkillVersion>>;
  /**
   * Removes a version; the newest that remains becomes the newest. Rejects with `invalid_request` for a skill's only version. Whether it
   * was there.
   */
  deleteVersion(workspaceId: string, skillId: string, versionId: string): Promise<boolean>;
}
