import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import { createBuiltInSkills } from '../providers/skill-folder/built-in-skills.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { createPostgresSkills } from '../providers/store/postgres/skills.ts';

const FOLDER = fileURLToPath(new URL('../skills/', import.meta.url));

/** Keeps the built-in skills in the store like the folder `skills/`. Returns what ends it. */
export function startBuiltInSkills(database: Database, blobs: BlobStore, log: Logger): () => void {
  return createBuiltInSkills({
    folder: FOLDER,
    skills: createPostgresSkills(database),
    blobs,
    onPublished: (skill, version) => log.info({ skill, version }, 'a built-in skill has a new version'),
    onProblem: (message, error) => log.warn({ err: error }, message),
  }).start();
}
