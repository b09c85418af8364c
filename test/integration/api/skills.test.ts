import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBuiltInSkills } from '../../../providers/skill-folder/built-in-skills.ts';
import { createPostgresSkills } from '../../../providers/store/postgres/skills.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';
import { SKILLS } from '../../skills/skill-lab.ts';

const document = (body: string) => `---\nname: own-skill\ndescription: Does things.\n---\n${body}\n`;

describe('skills over the api, on PostgreSQL', () => {
  let api: TestApi;
  let folder: string;
  let refresh: () => Promise<void>;
  const problems: string[] = [];
  beforeAll(async () => {
    api = await startApi({
      keys: [
        { key: 'key-one', workspace: 'one' },
        { key: 'key-two', workspace: 'two' },
      ],
    });
    folder = await mkdtemp(path.join(tmpdir(), 'skills-api-'));
    await cp(SKILLS, folder, { recursive: true });
    ({ refresh } = createBuiltInSkills({
      folder,
      skills: createPostgresSkills(api.database),
      blobs: api.blobs,
      onPublished: () => undefined,
      onProblem: (message, error) => problems.push(`${message}: ${String(error)}`),
    }));
    await refresh();
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });

  it('give every workspace the built-in ones, under the names of the vendor’s too', async () => {
    expect(problems).toEqual([]);
    for (const key of ['key-one', 'key-two']) {
      const listed = await api.client(key).skills.list({ source: 'anthropic', limit: 100 });
      expect(listed.data).toHaveLength(8);
    }
    for (const id of ['xlsx', 'docx', 'pptx', 'pdf']) {
      const version = await api.client('key-one').skills.versions.retrieve('latest', { skill_id: id });
      const response = await api
        .client('key-one')
        .beta.skills.versions.download(version.id, { skill_id: id });
      expect((await response.arrayBuffer()).byteLength).toBe(Number(response.headers.get('content-length')));
    }
  });

  it('have a new version when their folder changes, and keep the old one', async () => {
    const client = api.client('key-one');
    const before = await client.skills.versions.retrieve('latest', { skill_id: 'pdf' });
    await writeFile(path.join(folder, 'pdf', 'references.md'), 'More.');
    await refresh();
    const after = await client.skills.versions.retrieve('latest', { skill_id: 'pdf' });
    expect(after.id).not.toBe(before.id);
    expect(await client.skills.versions.retrieve(before.id, { skill_id: 'pdf' })).toEqual(before);
    expect((await client.skills.retrieve('pdf')).latest_version_id).toBe(after.id);
  });

  it('are uploaded, changed and deleted in one workspace, and unknown in the other', async () => {
    const [one, two] = [api.client('key-one'), api.client('key-two')];
    const files = async (body: string) => [await toFile(Buffer.from(document(body)), 'own-skill/SKILL.md')];
    const skill = await one.skills.create({ files: await files('One.') });
    const version = await one.skills.versions.create(skill.id, { files: await files('Two.') });
    expect((await one.skills.versions.create(skill.id, { files: await files('Two.') })).id).toBe(version.id);
    for (const attempt of [
      async () => two.skills.retrieve(skill.id),
      async () => two.skills.delete(skill.id),
      async () => two.skills.versions.list(skill.id),
      async () => two.skills.versions.retrieve(version.id, { skill_id: skill.id }),
      async () => two.skills.versions.delete(version.id, { skill_id: skill.id }),
      async () => two.beta.skills.versions.download(version.id, { skill_id: skill.id }),
      async () => two.skills.versions.create(skill.id, { files: await files('Three.') }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ status: 404 });
    }
    expect((await two.skills.list({ source: 'custom' })).data).toEqual([]);
    const seen: string[] = [];
    for await (const item of one.skills.versions.list(skill.id, { limit: 1 })) seen.push(item.id);
    expect(seen).toEqual([version.id, skill.latest_version_id]);
    await one.skills.delete(skill.id);
    await expect(one.skills.retrieve(skill.id)).rejects.toMatchObject({ status: 404 });
  });
});
