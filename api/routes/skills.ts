import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { pageOf } from '../../core/schema/page.ts';
import {
  DisplayName,
  Skill,
  SkillDeleted,
  SkillId,
  SkillListQuery,
  SkillUpload,
} from '../../core/schema/skill.ts';
import { BUILT_IN_WORKSPACE, skillPlace } from '../../core/skills/skill-id.ts';
import { storePackage } from '../../providers/skill-archive/store-package.ts';
import { leaseOf } from '../bodies/body-lease.ts';
import { pageStart, toPage } from '../cursor.ts';
import { refuseOverQuota } from '../files/refuse-over-quota.ts';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';
import { ownSkill, skillNotFound } from '../skills/own-skill.ts';
import { receiveSkill } from '../skills/receive-skill.ts';
import { shownSkills } from '../skills/shown-skill.ts';
import { validate } from '../validate.ts';
import { loosenPackage, skillVersionRoutes, type SkillRouteDeps } from './skill-versions.ts';

const params = z.object({ skill_id: SkillId });
const tag = 'Skills';

/** The routes of skills and of their versions. */
export function skillRoutes(deps: SkillRouteDeps): Route[] {
  const { skills, blobs, reader, newId } = deps;
  return [
    defineStreamRoute({
      method: 'POST',
      path: '/v1/skills',
      operationId: 'createSkill',
      summary: 'Upload a skill',
      tag,
      rate: 'create',
      form: SkillUpload,
      response: Skill,
      content: 'application/json',
      handle: async ({ raw, caller: { workspaceId }, headers }, response, signal) => {
        await refuseOverQuota(deps.files, workspaceId, raw, deps.quotaBytes, 'held');
        const known = ['display_name', 'display_title'];
        const { skill, fields } = await receiveSkill(
          raw,
          leaseOf(response),
          known,
          reader,
          workspaceId,
          signal,
        );
        const displayName = displayNameOf(fields) ?? skill.document.name;
        const place = { workspaceId, skillId: newId('skill') };
        const version = await storePackage(blobs, place, skill, () => newId('skillVersion'));
        const created = await skills.create(displayName, version).catch(async (error: unknown) => {
          await loosenPackage(deps.files, version);
          throw error;
        });
        response.json(shownSkills(headers).skill(created));
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/skills',
      operationId: 'listSkills',
      summary: 'List the skills of the workspace and the built-in ones, newest first',
      tag,
      rate: 'read',
      query: SkillListQuery,
      response: pageOf(Skill),
      handle: async ({ query, caller, headers }) => {
        const { source } = query;
        const workspaces = [
          ...(source === 'anthropic' ? [] : [caller.workspaceId]),
          ...(source === 'custom' ? [] : [BUILT_IN_WORKSPACE]),
        ];
        const slice = await skills.list(workspaces, {
          limit: query.limit,
          after: pageStart('skills', query.page),
        });
        const shown = shownSkills(headers);
        return shown.page(toPage('skills', slice, (skill) => shown.skill(skill)));
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/skills/{skill_id}',
      operationId: 'getSkill',
      summary: 'Get a skill',
      tag,
      rate: 'read',
      params,
      response: Skill,
      handle: async ({ params: { skill_id: id }, caller, headers }) => {
        const { workspaceId, skillId } = skillPlace(caller.workspaceId, id);
        const skill = await skills.get(workspaceId, skillId);
        if (!skill) throw skillNotFound(id);
        return shownSkills(headers).skill(skill, id);
      },
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/skills/{skill_id}',
      operationId: 'deleteSkill',
      summary: 'Delete a skill with its versions; sessions that have it keep it',
      tag,
      rate: 'write',
      params,
      response: SkillDeleted,
      handle: async ({ params: { skill_id: id }, caller }) => {
        const { workspaceId, skillId } = ownSkill(caller.workspaceId, id);
        if (!(await skills.delete(workspaceId, skillId))) throw skillNotFound(id);
        return { id, type: 'skill_deleted' as const };
      },
    }),

    ...skillVersionRoutes(deps),
  ];
}

/** Earlier clients call the display name a title. */
function displayNameOf(fields: ReadonlyMap<string, string>): string | null {
  const name = fields.get('display_name');
  const title = fields.get('display_title');
  if (name !== undefined && title !== undefined && name !== title) {
    throw new AppError(
      'invalid_request',
      'display_title: is another name for display_name; send one of them',
    );
  }
  const given = name ?? title ?? '';
  return given === ''
    ? null
    : validate(DisplayName, given, name === undefined ? 'display_title' : 'display_name');
}
