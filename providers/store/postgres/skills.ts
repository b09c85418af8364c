import { AppError } from '../../../core/errors.ts';
import type { NewSkillVersion, SkillStore, StoredSkill, StoredSkillVersion } from '../skills.ts';
import type { Connection, Database } from './database.ts';
import { addAfter, conditions, sliceOf } from './keyset.ts';

interface SkillRow {
  workspace_id: string;
  id: string;
  name: string;
  display_name: string;
  latest_version_id: string;
  created_at: number;
  updated_at: number;
}

interface VersionRow {
  workspace_id: string;
  skill_id: string;
  id: string;
  document: StoredSkillVersion['document'];
  content_hash: string;
  archive_sha256: string;
  archive_bytes: number;
  document_sha256: string;
  document_bytes: number;
  created_at: number;
}

const SKILL = 's.workspace_id, s.id, s.name, s.display_name, s.latest_version_id, s.created_at, s.updated_at';
const VERSION = `v.workspace_id, v.skill_id, v.id, v.document, v.content_hash, v.archive_sha256, v.archive_bytes, v.document_sha256,
  v.document_bytes, v.created_at`;
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/** Skills on PostgreSQL. */
export function createPostgresSkills(database: Database): SkillStore {
  return {
    create: async (displayName, version) =>
      database.transaction(async (connection) => {
        const skill = await insertSkill(connection, displayName, version);
        await insertVersion(connection, version);
        return skill;
      }),

    addVersion: async (version) =>
      database.transaction(async (connection) => {
        const { workspaceId, skillId, document } = version;
        const skill = await lockSkill(connection, workspaceId, skillId);
        if (!skill) throw new AppError('not_found', `Skill ${skillId} was not found.`);
        if (skill.name !== document.name) {
          throw new AppError(
            'invalid_request',
            `files: this skill is called "${skill.name}"; a new version cannot be called "${document.name}". Create a skill of its own.`,
          );
        }
        const latest = await readVersion(connection, skill, skill.latest_version_id);
        if (latest?.contentHash === version.contentHash) return latest;
        const stored = await insertVersion(connection, version);
        await pointTo(connection, version, version.id);
        return stored;
      }),

    publish: async (displayName, version) =>
      database.transaction(async (connection) => {
        const { workspaceId, skillId, id } = version;
        // Two processes may publish the first version at once; the lock makes one of them second.
        await connection.query('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', [
          workspaceId,
          skillId,
        ]);
        const skill = await lockSkill(connection, workspaceId, skillId);
        if (skill?.latest_version_id === id) return 'unchanged';
        if (!skill) await insertSkill(connection, displayName, version);
        if (!(await readVersion(connection, { workspace_id: workspaceId, id: skillId }, id))) {
          await insertVersion(connection, version);
        }
        await pointTo(connection, version, id);
        return 'published';
      }),

    async get(workspaceId, skillId) {
      const rows = await database.query<SkillRow>(
        `SELECT ${SKILL} FROM skills s WHERE s.workspace_id = $1 AND s.id = $2`,
        [workspaceId, skillId],
        'skill-get',
      );
      return rows[0] ? toSkill(rows[0]) : null;
    },

    async list(workspaceIds, { limit, after }) {
      const where = conditions();
      where.add('s.workspace_id = ANY (?)', workspaceIds);
      addAfter(where, 's', after);
      const rows = await database.query<SkillRow>(
        `SELECT ${SKILL} FROM skills s WHERE ${where.sql}
        ORDER BY s.created_at DESC, s.id DESC LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      return sliceOf(rows, limit, toSkill);
    },

    async delete(workspaceId, skillId) {
      const rows = await database.query(
        'DELETE FROM skills WHERE workspace_id = $1 AND id = $2 RETURNING id',
        [workspaceId, skillId],
      );
      return rows.length > 0;
    },

    async find(lookups) {
      if (lookups.length === 0) return [];
      const rows = await database.query<VersionRow & { place: number }>(
        `SELECT l.place, ${VERSION}
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS l (workspace_id, skill_id, version_id, place)
          JOIN skills s ON s.workspace_id = l.workspace_id AND s.id = l.skill_id
          JOIN skill_versions v ON v.workspace_id = s.workspace_id AND v.skill_id = s.id
            AND v.id = coalesce(l.version_id, s.latest_version_id)`,
        [
          lookups.map(({ workspaceId }) => workspaceId),
          lookups.map(({ skillId }) => skillId),
          lookups.map(({ versionId }) => versionId),
        ],
        'skill-find',
      );
      const byPlace = new Map(rows.map((row) => [row.place, toVersion(row)]));
      return lookups.map((_, index) => byPlace.get(index + 1) ?? null);
    },

    async listVersions(workspaceId, skillId, { limit, after }) {
      const where = conditions();
      where.add('v.workspace_id = ?', workspaceId);
      where.add('v.skill_id = ?', skillId);
      addAfter(where, 'v', after);
      const rows = await database.query<VersionRow>(
        `SELECT ${VERSION} FROM skill_versions v WHERE ${where.sql}
        ORDER BY v.created_at DESC, v.id DESC LIMIT ${where.value(limit + 1)}`,
        where.values,
      );
      return sliceOf(rows, limit, toVersion);
    },

    deleteVersion: async (workspaceId, skillId, versionId) =>
      database.transaction(async (connection) => {
        const skill = await lockSkill(connection, workspaceId, skillId);
        if (!skill || !(await readVersion(connection, skill, versionId))) return false;
        const { rows } = await connection.query<{ id: string }>(
          `SELECT id FROM skill_versions WHERE workspace_id = $1 AND skill_id = $2 AND id <> $3
          ORDER BY created_at DESC, id DESC LIMIT 1`,
          [workspaceId, skillId, versionId],
        );
        const [newest] = rows;
        if (!newest) {
          throw new AppError(
            'invalid_request',
            `${versionId} is the only version of the skill. Delete the skill itself: DELETE /v1/skills/${skillId}.`,
          );
        }
        await connection.query(
          'DELETE FROM skill_versions WHERE workspace_id = $1 AND skill_id = $2 AND id = $3',
          [workspaceId, skillId, versionId],
        );
        if (skill.latest_version_id === versionId) {
          await pointTo(connection, { workspaceId, skillId }, newest.id);
        }
        return true;
      }),
  };
}

async function lockSkill(
  connection: Connection,
  workspaceId: string,
  skillId: string,
): Promise<SkillRow | undefined> {
  const { rows } = await connection.query<SkillRow>(
    `SELECT ${SKILL} FROM skills s WHERE s.workspace_id = $1 AND s.id = $2 FOR UPDATE`,
    [workspaceId, skillId],
  );
  return rows[0];
}

async function insertSkill(
  connection: Connection,
  displayName: string,
  { workspaceId, skillId, id, document }: NewSkillVersion,
): Promise<StoredSkill> {
  const { rows } = await connection.query<SkillRow>(
    `INSERT INTO skills AS s (workspace_id, id, name, display_name, latest_version_id, created_at, updated_at)
    SELECT $1, $2, $3, $4, $5, at, at FROM (SELECT ${NOW} AS at) AS moment RETURNING ${SKILL}`,
    [workspaceId, skillId, document.name, displayName, id],
  );
  const [row] = rows;
  if (!row) throw new Error('a skill was not stored');
  return toSkill(row);
}

async function insertVersion(connection: Connection, version: NewSkillVersion): Promise<StoredSkillVersion> {
  const { rows } = await connection.query<VersionRow>(
    `INSERT INTO skill_versions AS v (workspace_id, skill_id, id, document, content_hash, archive_sha256, archive_bytes,
      document_sha256, document_bytes, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, ${NOW}) RETURNING ${VERSION}`,
    [
      version.workspaceId,
      version.skillId,
      version.id,
      JSON.stringify(version.document),
      version.contentHash,
      version.archiveSha256,
      version.archiveBytes,
      version.documentSha256,
      version.documentBytes,
    ],
  );
  const [row] = rows;
  if (!row) throw new Error('a version of a skill was not stored');
  return toVersion(row);
}

async function readVersion(
  connection: Connection,
  skill: Pick<SkillRow, 'workspace_id' | 'id'>,
  versionId: string,
): Promise<StoredSkillVersion | null> {
  const { rows } = await connection.query<VersionRow>(
    `SELECT ${VERSION} FROM skill_versions v WHERE v.workspace_id = $1 AND v.skill_id = $2 AND v.id = $3`,
    [skill.workspace_id, skill.id, versionId],
  );
  return rows[0] ? toVersion(rows[0]) : null;
}

async function pointTo(
  connection: Connection,
  { workspaceId, skillId }: { workspaceId: string; skillId: string },
  versionId: string,
): Promise<void> {
  await connection.query(
    `UPDATE skills SET latest_version_id = $3, updated_at = ${NOW} WHERE workspace_id = $1 AND id = $2`,
    [workspaceId, skillId, versionId],
  );
}

function toSkill(row: SkillRow): StoredSkill {
  return {
    workspaceId: row.workspace_id,
    id: row.id,
    displayName: row.display_name,
    latestVersionId: row.latest_version_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toVersion(row: VersionRow): StoredSkillVersion {
  return {
    workspaceId: row.workspace_id,
    skillId: row.skill_id,
    id: row.id,
    document: row.document,
    contentHash: row.content_hash,
    archiveSha256: row.archive_sha256,
    archiveBytes: row.archive_bytes,
    documentSha256: row.document_sha256,
    documentBytes: row.document_bytes,
    createdAt: row.created_at,
  };
}
