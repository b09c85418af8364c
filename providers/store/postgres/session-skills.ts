import type { SkillPin } from '../../../core/skills/skill-pin.ts';
import type { SessionSkills } from '../session-skills.ts';
import type { Connection, Database } from './database.ts';

/** Keeps a new session's skills. Called once, in the transaction that creates the session. */
export async function keepSkills(
  connection: Pick<Connection, 'query'>,
  sessionId: string,
  pins: readonly SkillPin[],
): Promise<void> {
  if (pins.length === 0) return;
  // Whole texts become `json` as they are; taking an array apart in SQL would refuse escapes such as \u0000.
  await connection.query(
    `INSERT INTO session_skills (session_id, ordinal, pin, blob_workspace_id, archive_sha256, document_sha256)
    SELECT $1, ordinal, pin::json, workspace, archive, document
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
      AS pins (pin, workspace, archive, document, ordinal)`,
    [
      sessionId,
      pins.map((pin) => JSON.stringify(pin)),
      pins.map(({ blobWorkspaceId }) => blobWorkspaceId),
      pins.map(({ archiveSha256 }) => archiveSha256),
      pins.map(({ documentSha256 }) => documentSha256),
    ],
  );
}

/** Pinned skills on PostgreSQL. */
export function createPostgresSessionSkills(database: Pick<Database, 'query'>): SessionSkills {
  return {
    async of(sessionId) {
      // Hundreds of rows take longer to be taken apart than to be read.
      const [row] = await database.query<{ pins: SkillPin[] | null }>(
        'SELECT json_agg(pin ORDER BY ordinal) AS pins FROM session_skills WHERE session_id = $1',
        [sessionId],
        'session-skills',
      );
      return row?.pins ?? [];
    },
  };
}
