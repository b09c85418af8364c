import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ID_PREFIXES } from '../../core/ids.ts';
import { BUILT_IN_WORKSPACE } from '../../core/skills/skill-id.ts';
import { SKILL_LIMITS } from '../../core/skills/skill-limits.ts';
import { skillError } from '../../core/skills/skill-error.ts';
import type { SkillPackage } from '../../core/skills/skill-package.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import { storePackage } from '../skill-archive/store-package.ts';
import type { SkillStore } from '../store/skills.ts';
import { folderSignature, readSkillFolder } from './read-folder.ts';

/** How often the folder is looked at. */
const PERIOD_MS = 2_000;

/** Keeps the store's built-in skills like the folders of the server. */
export interface BuiltInSkills {
  /**
   * Publishes what changed since the last time, and removes what is gone; the first time everything. What is wrong with one skill goes to
   * `onProblem` and leaves its last version in place. Rejects when the store does not answer; the next call does what is left.
   */
  refresh(): Promise<void>;
  /** Refreshes at once and every two seconds. Returns what ends it. */
  start(): () => void;
}

/**
 * @param deps.folder - holds one folder per skill, named like the skill.
 */
export function createBuiltInSkills(deps: {
  folder: string;
  skills: Pick<SkillStore, 'publish' | 'list' | 'delete'>;
  blobs: Pick<BlobStore, 'put' | 'putStream'>;
  onPublished: (name: string, versionId: string) => void;
  onProblem: (message: string, error: unknown) => void;
}): BuiltInSkills {
  const { folder, skills, blobs, onPublished, onProblem } = deps;
  /** What was seen of each folder when it was last dealt with. */
  const seen = new Map<string, string>();
  let stale = true;

  async function publish(name: string): Promise<void> {
    const place = path.join(folder, name);
    const signature = await folderSignature(place).catch((error: unknown) => error);
    if (typeof signature !== 'string') return onProblem(`the skill in ${place} cannot be read`, signature);
    if (seen.get(name) === signature) return undefined;
    let skill: SkillPackage;
    try {
      skill = await readSkillFolder(place);
      if (skill.document.name !== name) {
        throw skillError(`the folder is called "${name}", so the skill must be called so too.`);
      }
    } catch (error) {
      seen.set(name, signature);
      return onProblem(`the skill in ${place} is not published`, error);
    }
    const version = await storePackage(
      blobs,
      { workspaceId: BUILT_IN_WORKSPACE, skillId: name },
      skill,
      builtInVersionId,
    );
    const outcome = await skills.publish(titleOf(skill), version);
    seen.set(name, signature);
    if (outcome === 'published') onPublished(name, version.id);
    return undefined;
  }

  async function removeAllBut(names: ReadonlySet<string>): Promise<void> {
    if (!stale && [...seen.keys()].every((name) => names.has(name))) return;
    const stored = await skills.list([BUILT_IN_WORKSPACE], { limit: SKILL_LIMITS.perSession, after: null });
    for (const { id } of stored.items) {
      if (!names.has(id)) await skills.delete(BUILT_IN_WORKSPACE, id);
    }
    for (const name of seen.keys()) if (!names.has(name)) seen.delete(name);
    stale = false;
  }

  async function refresh(): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const name of names) await publish(name);
    await removeAllBut(new Set(names));
  }

  return {
    refresh,
    start() {
      let running = false;
      const look = async (): Promise<void> => {
        if (running) return;
        running = true;
        await refresh().catch((error: unknown) =>
          onProblem('built-in skills cannot be published yet', error),
        );
        running = false;
      };
      void look();
      const timer = setInterval(() => void look(), PERIOD_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/** The id of a built-in skill's version says what is in it: the same on every server, and after every restart. */
export function builtInVersionId(contentHash: string): string {
  return `${ID_PREFIXES.skillVersion}_${contentHash.slice(0, 32)}`;
}

function titleOf({ document }: SkillPackage): string {
  const { title } = document.metadata;
  return typeof title === 'string' && title !== '' ? title : document.name;
}
