import { AppError } from '../../../core/errors.ts';
import type { Position } from '../position.ts';
import type { NewSkillVersion, SkillStore, StoredSkill, StoredSkillVersion } from '../skills.ts';

interface Kept {
  skill: StoredSkill;
  /** Oldest first. */
  versions: StoredSkillVersion[];
}

/**
 * Skills in memory, for tests.
 *
 * @param now - Unix milliseconds.
 */
export function createInMemorySkills(now: () => number): SkillStore {
  const kept = new Map<string, Kept>();
  const keyOf = (workspaceId: string, skillId: string) => JSON.stringify([workspaceId, skillId]);

  function add(displayName: string, version: NewSkillVersion): Kept {
    const { workspaceId, skillId, id } = version;
    const at = now();
    const entry: Kept = {
      skill: { workspaceId, id: skillId, displayName, latestVersionId: id, createdAt: at, updatedAt: at },
      versions: [{ ...version, createdAt: at }],
    };
    kept.set(keyOf(workspaceId, skillId), entry);
    return entry;
  }

  function append(entry: Kept, version: NewSkillVersion): StoredSkillVersion {
    const stored = { ...version, createdAt: now() };
    entry.versions.push(stored);
    point(entry, version.id);
    return stored;
  }

  function point(entry: Kept, latestVersionId: string): void {
    entry.skill = { ...entry.skill, latestVersionId, updatedAt: now() };
  }

  return {
    create: async (displayName, version) => add(displayName, version).skill,

    async addVersion(version) {
      const entry = kept.get(keyOf(version.workspaceId, version.skillId));
      if (!entry) throw new AppError('not_found', `Skill ${version.skillId} was not found.`);
      const latest = entry.versions.find(({ id }) => id === entry.skill.latestVersionId);
      if (latest && latest.document.name !== version.document.name) {
        throw new AppError('invalid_request', `files: this skill is called "${latest.document.name}".`);
      }
      return latest?.contentHash === version.contentHash ? latest : append(entry, version);
    },

    async publish(displayName, version) {
      const entry = kept.get(keyOf(version.workspaceId, version.skillId));
      if (!entry) {
        add(displayName, version);
      } else if (entry.skill.latestVersionId === version.id) {
        return 'unchanged';
      } else if (entry.versions.some(({ id }) => id === version.id)) {
        point(entry, version.id);
      } else {
        append(entry, version);
      }
      return 'published';
    },

    get: async (workspaceId, skillId) => kept.get(keyOf(workspaceId, skillId))?.skill ?? null,

    async list(workspaceIds, { limit, after }) {
      const skills = [...kept.values()]
        .map(({ skill }) => skill)
        .filter(({ workspaceId }) => workspaceIds.includes(workspaceId));
      return cut(skills, limit, after);
    },

    delete: async (workspaceId, skillId) => kept.delete(keyOf(workspaceId, skillId)),

    find: async (lookups) =>
      lookups.map(({ workspaceId, skillId, versionId }) => {
        const entry = kept.get(keyOf(workspaceId, skillId));
        const wanted = versionId ?? entry?.skill.latestVersionId;
        return entry?.versions.find(({ id }) => id === wanted) ?? null;
      }),

    listVersions: async (workspaceId, skillId, { limit, after }) =>
      cut(kept.get(keyOf(workspaceId, skillId))?.versions ?? [], limit, after),

    async deleteVersion(workspaceId, skillId, versionId) {
      const entry = kept.get(keyOf(workspaceId, skillId));
      if (!entry?.versions.some(({ id }) => id === versionId)) return false;
      const rest = entry.versions.filter(({ id }) => id !== versionId);
      const newest = rest.toSorted(newestFirst)[0];
      if (!newest) throw new AppError('invalid_request', `${versionId} is the only version of the skill.`);
      entry.versions = rest;
      if (entry.skill.latestVersionId === versionId) point(entry, newest.id);
      return true;
    },
  };
}

interface Placed {
  createdAt: number;
  id: string;
}

function newestFirst(left: Placed, right: Placed): number {
  return right.createdAt - left.createdAt || (left.id < right.id ? 1 : -1);
}

function cut<Item extends Placed>(items: readonly Item[], limit: number, after: Position | null) {
  const rest = items
    .toSorted(newestFirst)
    .filter(
      ({ createdAt, id }) => !after || createdAt < after.at || (createdAt === after.at && id < after.id),
    );
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { items: page, next: rest.length > limit && last ? { at: last.createdAt, id: last.id } : null };
}
