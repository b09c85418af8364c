import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { pageOf } from '../../core/schema/page.ts';
import {
  SkillId,
  SkillVersion,
  SkillVersionDeleted,
  SkillVersionId,
  SkillVersionListQuery,
  SkillVersionUpload,
} from '../../core/schema/skill.ts';
import { skillPlace } from '../../core/skills/skill-id.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { SkillReader } from '../../providers/skill-archive/skill-reader.ts';
import { storePackage } from '../../providers/skill-archive/store-package.ts';
import type { FileStore } from '../../providers/store/files.ts';
import type { NewSkillVersion, SkillStore, StoredSkillVersion } from '../../providers/store/skills.ts';
import { leaseOf } from '../bodies/body-lease.ts';
import { pageStart, toPage } from '../cursor.ts';
import { refuseOverQuota } from '../files/refuse-over-quota.ts';
import { sendContent } from '../files/send-content.ts';
import type { NewId } from '../new-id.ts';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';
import { receiveSkill } from '../skills/receive-skill.ts';
import { shownSkills } from '../skills/shown-skill.ts';
import { ownSkill, skillNotFound } from '../skills/own-skill.ts';

export interface SkillRouteDeps {
  skills: SkillStore;
  blobs: BlobStore;
  reader: SkillReader;
  files: Pick<FileStore, 'room' | 'loosen'>;
  /** Of all files of a workspace; who is over it uploads no skills either. */
  quotaBytes: number;
  newId: NewId;
}

const skillParams = z.object({ skill_id: SkillId });
const params = z.object({ skill_id: SkillId, version: SkillVersionId });
const tag = 'Skills';

/** Counts the bytes of a skill that are stored already and to which nothing refers. */
export async function loosenPackage(
  files: Pick<FileStore, 'loosen'>,
  { workspaceId, archiveSha256, archiveBytes, documentSha256, documentBytes }: NewSkillVersion,
): Promise<void> {
  await files.loosen(workspaceId, [
    { sha256: archiveSha256, bytes: archiveBytes },
    { sha256: documentSha256, bytes: documentBytes },
  ]);
}

/** The routes of the versions of skills. */
export function skillVersionRoutes(deps: SkillRouteDeps): Route[] {
  const { skills, blobs, reader, newId } = deps;

  async function find(workspaceId: string, skillId: string, version: string): Promise<StoredSkillVersion> {
    const versionId = version === 'latest' ? null : version;
    const [found] = await skills.find([{ ...skillPlace(workspaceId, skillId), versionId }]);
    if (!found) throw new AppError('not_found', `Version ${version} of the skill ${skillId} was not found.`);
    return found;
  }

  return [
    defineStreamRoute({
      method: 'POST',
      path: '/v1/skills/{skill_id}/versions',
      operationId: 'createSkillVersion',
      summary: 'Upload a new version of a skill; the same files again make none',
      tag,
      rate: 'create',
      params: skillParams,
      form: SkillVersionUpload,
      response: SkillVersion,
      content: 'application/json',
      handle: async (
        { raw, params: { skill_id: id }, caller: { workspaceId }, headers },
        response,
        signal,
      ) => {
        const place = ownSkill(workspaceId, id);
        if (!(await skills.get(workspaceId, id))) throw skillNotFound(id);
        await refuseOverQuota(deps.files, workspaceId, raw, deps.quotaBytes, 'held');
        const { skill } = await receiveSkill(raw, leaseOf(response), [], reader, workspaceId, signal);
        const version = await storePackage(blobs, place, skill, () => newId('skillVersion'));
        const added = await skills.addVersion(version).catch(async (error: unknown) => {
          await loosenPackage(deps.files, version);
          throw error;
        });
        // The same files again make none, and nothing refers to what was stored for it.
        if (added.id !== version.id) await loosenPackage(deps.files, version);
        response.json(shownSkills(headers).version(added));
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/skills/{skill_id}/versions',
      operationId: 'listSkillVersions',
      summary: 'List the versions of a skill, newest first',
      tag,
      rate: 'read',
      params: skillParams,
      query: SkillVersionListQuery,
      response: pageOf(SkillVersion),
      handle: async ({ params: { skill_id: id }, query, caller, headers }) => {
        const { workspaceId, skillId } = skillPlace(caller.workspaceId, id);
        if (!(await skills.get(workspaceId, skillId))) throw skillNotFound(id);
        const list = `skill-versions:${id}`;
        const slice = await skills.listVersions(workspaceId, skillId, {
          limit: query.limit,
          after: pageStart(list, query.page),
        });
        const shown = shownSkills(headers);
        return shown.page(toPage(list, slice, (version) => shown.version(version, id)));
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/skills/{skill_id}/versions/{version}',
      operationId: 'getSkillVersion',
      summary: 'Get a version of a skill, or the latest',
      tag,
      rate: 'read',
      params,
      response: SkillVersion,
      handle: async ({ params: { skill_id: id, version }, caller, headers }) =>
        shownSkills(headers).version(await find(caller.workspaceId, id, version), id),
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/v1/skills/{skill_id}/versions/{version}/content',
      operationId: 'downloadSkillVersion',
      summary: 'Download a version of a skill as a zip archive with one folder',
      tag,
      rate: 'read',
      params,
      content: 'application/zip',
      handle: async ({ params: { skill_id: id, version }, caller }, response, signal) => {
        const found = await find(caller.workspaceId, id, version);
        const content = await blobs.open(found.workspaceId, found.archiveSha256);
        const [bytes, filename] = [found.archiveBytes, `${found.document.name}.zip`];
        await sendContent(response, { content, bytes, type: 'application/zip', filename }, signal);
      },
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/skills/{skill_id}/versions/{version}',
      operationId: 'deleteSkillVersion',
      summary: 'Delete a version of a skill; sessions that have it keep it',
      tag,
      rate: 'write',
      params,
      response: SkillVersionDeleted,
      handle: async ({ params: { skill_id: id, version }, caller }) => {
        const { workspaceId, skillId } = ownSkill(caller.workspaceId, id);
        if (!(await skills.deleteVersion(workspaceId, skillId, version))) {
          throw new AppError('not_found', `Version ${version} of the skill ${id} was not found.`);
        }
        return { id: version, type: 'skill_version_deleted' as const };
      },
    }),
  ];
}
