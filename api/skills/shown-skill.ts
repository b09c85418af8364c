import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { Skill, SkillVersion } from '../../core/schema/skill.ts';
import { skillSource } from '../../core/skills/skill-id.ts';
import type { StoredSkill, StoredSkillVersion } from '../../providers/store/skills.ts';

/** Clients from before the present form of skills name it in `anthropic-beta`. */
const EARLIER_FORM = 'skills-2025-10-02';

/** Turns rows into what a client gets, in the form that its headers ask for. */
export interface ShownSkills {
  /** `id` is what the client asked for, where that is another name of the skill. */
  skill(stored: StoredSkill, id?: string): object;
  version(stored: StoredSkillVersion, skillId?: string): object;
  page(page: { data: object[]; next_page: string | null }): object;
}

export function shownSkills(headers: IncomingHttpHeaders): ShownSkills {
  const betas = String(headers['anthropic-beta'] ?? '').split(',');
  return betas.some((beta) => beta.trim() === EARLIER_FORM) ? earlierForm : presentForm;
}

const presentForm: ShownSkills = {
  skill: (stored, id = stored.id): z.infer<typeof Skill> => ({
    id,
    type: 'skill',
    display_name: stored.displayName,
    latest_version_id: stored.latestVersionId,
    source: { type: skillSource(stored.workspaceId) },
    created_at: toIso(stored.createdAt),
    updated_at: toIso(stored.updatedAt),
  }),
  version: (stored, skillId = stored.skillId): z.infer<typeof SkillVersion> => ({
    id: stored.id,
    type: 'skill_version',
    skill_id: skillId,
    name: stored.document.name,
    description: stored.document.description,
    created_at: toIso(stored.createdAt),
    content_hash: stored.contentHash,
  }),
  page: (page) => page,
};

const earlierForm: ShownSkills = {
  skill: (stored, id = stored.id) => ({
    id,
    type: 'skill',
    display_title: stored.displayName,
    latest_version: stored.latestVersionId,
    source: skillSource(stored.workspaceId),
    created_at: toIso(stored.createdAt),
    updated_at: toIso(stored.updatedAt),
  }),
  version: (stored, skillId = stored.skillId) => ({
    id: stored.id,
    type: 'skill_version',
    skill_id: skillId,
    name: stored.document.name,
    description: stored.document.description,
    directory: stored.document.name,
    version: stored.id,
    created_at: toIso(stored.createdAt),
  }),
  page: (page) => ({ ...page, has_more: page.next_page !== null }),
};

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
