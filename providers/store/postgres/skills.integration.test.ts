import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SkillPin } from '../../../core/skills/skill-pin.ts';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { skillStoreContract } from '../contract/skills.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresSessionSkills, keepSkills } from './session-skills.ts';
import { createPostgresSkills } from './skills.ts';

async function open() {
  const services: TestServices = await startTestServices();
  const database: Database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  return {
    database,
    skills: createPostgresSkills(database),
    close: async () => {
      await database.close();
      await services.stop();
    },
  };
}

skillStoreContract('on PostgreSQL', open);

describe('the skills of a session on PostgreSQL', () => {
  let stores: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(async () => stores.close());

  const pin = (name: string): SkillPin => ({
    source: 'custom',
    skillId: 'skill_1',
    versionId: 'skver_1',
    name,
    description: 'With "quotes", a \u0000 and a lone \ud800.',
    contentHash: 'c',
    blobWorkspaceId: 'w1',
    archiveSha256: `archive of ${name}`,
    documentSha256: `document of ${name}`,
    userInvocable: true,
    modelInvocable: true,
    sticky: false,
    arguments: [{ name: 'file', description: null, required: true }],
    argumentHint: null,
  });

  it('are kept in their order and go with the session', async () => {
    const { database } = stores;
    await database.query(
      `INSERT INTO sessions (id, workspace_id, agent, agent_id, agent_version, environment_id, created_at, updated_at)
      VALUES ('sesn_1', 'w1', '{}', 'agent_1', 1, 'env_1', now(), now())`,
    );
    const pins = [pin('b'), pin('a'), pin('c')];
    await database.transaction(async (connection) => keepSkills(connection, 'sesn_1', pins));
    await database.transaction(async (connection) => keepSkills(connection, 'sesn_2', []));
    const pinned = createPostgresSessionSkills(database);
    expect(await pinned.of('sesn_1')).toEqual(pins);
    expect(await pinned.of('sesn_2')).toEqual([]);
    await database.query('DELETE FROM sessions');
    expect(await pinned.of('sesn_1')).toEqual([]);
  });
});
