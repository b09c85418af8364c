import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { extractSkillArchive } from '@anthropic-ai/sdk/tools/agent-toolset/node';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeId } from '../../core/ids.ts';
import { BUILT_IN_WORKSPACE } from '../../core/skills/skill-id.ts';
import { toSkillPackage } from '../../core/skills/skill-package.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { storePackage } from '../../providers/skill-archive/store-package.ts';
import { createInMemorySkills } from '../../providers/store/in-memory/skills.ts';
import { createSkillReader } from '../../providers/skill-archive/skill-reader.ts';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import { listen } from '../../test/harness/listen.ts';
import { hostileZip } from '../../test/hostile-archives/hostile-zip.ts';
import { createAccess } from '../access.ts';
import { createApp } from '../app.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { skillRoutes } from './skills.ts';

const document = (name = 'a-skill', body = 'Do it.') =>
  `---\nname: ${name}\ndescription: Does things.\n---\n${body}\n`;
const asFile = async (content: string | Uint8Array, name: string) => toFile(Buffer.from(content), name);
const folder = async (name = 'a-skill', body?: string) => [
  await asFile(document(name, body), `${name}/SKILL.md`),
  await asFile('#!/bin/sh\necho hi\n', `${name}/scripts/run.sh`),
  await asFile('notes', `${name}/references/ünï.md`),
];
const zip = (name = 'a-skill', body?: string) =>
  hostileZip([
    { name: `${name}/SKILL.md`, content: document(name, body) },
    { name: `${name}/scripts/run.sh`, content: '#!/bin/sh\necho hi\n', mode: 0o100755 },
    { name: `${name}/references/ünï.md`, content: 'notes' },
  ]);

describe('the skill routes', () => {
  let url: string;
  let close: () => Promise<void>;
  let client: Anthropic;
  let clock = Date.now();
  const stored: string[] = [];
  const inMemory = createInMemoryBlobStore();
  const blobs: typeof inMemory = {
    ...inMemory,
    put: async (...args) => {
      stored.push('blob');
      return inMemory.put(...args);
    },
    putStream: async (...args) => {
      stored.push('blob');
      return inMemory.putStream(...args);
    },
  };
  const decoder = testDecoder();
  const skills = createInMemorySkills(() => (clock += 1));

  beforeAll(async () => {
    const builtIn = toSkillPackage([
      { path: 'SKILL.md', bytes: Buffer.from(document('spreadsheet')), executable: false },
    ]);
    const place = { workspaceId: BUILT_IN_WORKSPACE, skillId: 'spreadsheet' };
    await skills.publish('Spreadsheets', await storePackage(inMemory, place, builtIn, () => 'skver_1'));
    const none = { requestsPerKey: null, sessionsPerKey: null, createsPerWorkspace: null };
    const app = createApp({
      routes: skillRoutes({
        skills,
        blobs,
        reader: createSkillReader(decoder),
        files: { room: async () => ({ files: 1, held: 1_000_000_000 }), loosen: async () => undefined },
        quotaBytes: 1_000_000_000,
        newId: (kind) => makeId(kind, (clock += 1), randomBytes(10)),
      }),
      access: createAccess({ keys: [], publicUrl: null }),
      limiter: createRateLimiter({ ...none, readsPerWorkspace: null, streamsPerKey: null }, Date.now),
      log: pino({ level: 'silent' }),
      newRequestId: () => 'req_1',
    });
    ({ url, close } = await listen(app));
    client = new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0 });
  });
  afterAll(async () => {
    await close();
    await decoder.close();
  });

  it('take a skill as files and give it back as an archive that the SDK unpacks', async () => {
    const skill = await client.skills.create({ files: await folder(), display_name: 'A skill' });
    expect(skill).toMatchObject({ type: 'skill', display_name: 'A skill', source: { type: 'custom' } });
    expect(skill.id).toMatch(/^skill_/);
    const version = await client.beta.skills.versions.retrieve('latest', { skill_id: skill.id });
    expect(version).toMatchObject({
      id: skill.latest_version_id,
      type: 'skill_version',
      skill_id: skill.id,
      name: 'a-skill',
      description: 'Does things.',
    });
    const response = await client.beta.skills.versions.download(version.id, { skill_id: skill.id });
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename=a-skill.zip');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    const place = await mkdtemp(path.join(tmpdir(), 'skill-routes-'));
    try {
      const target = path.join(place, 'unpacked');
      await mkdir(target);
      await extractSkillArchive(response, target);
      expect((await readdir(target, { recursive: true })).sort()).toEqual([
        'SKILL.md',
        'references',
        'references/ünï.md',
        'scripts',
        'scripts/run.sh',
      ]);
      expect(await readFile(path.join(target, 'SKILL.md'), 'utf8')).toBe(document());
      expect((await stat(path.join(target, 'scripts/run.sh'))).mode & 0o777).toBe(0o755);
      expect((await stat(path.join(target, 'SKILL.md'))).mode & 0o777).toBe(0o644);
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('take a zip archive, files without their folder, and both names of the display name', async () => {
    const zipped = await client.skills.create({ files: [await asFile(zip(), 'a-skill.zip')] });
    expect(zipped.display_name).toBe('a-skill');
    const same = await client.skills.versions.create(zipped.id, { files: await folder() });
    expect(same.id).toBe(zipped.latest_version_id);
    const form = new FormData();
    form.append('display_title', 'A title');
    form.append('files[]', new Blob([document()]), 'SKILL.md');
    const response = await fetch(`${url}/v1/skills`, { method: 'POST', body: form });
    expect(await response.json()).toMatchObject({ display_name: 'A title' });
  });

  it('answer clients of the earlier form in that form', async () => {
    const form = new FormData();
    form.append('display_title', 'A title');
    form.append('files[]', new Blob([document()]), 'SKILL.md');
    const headers = { 'anthropic-beta': 'skills-2025-10-02' };
    const made = await fetch(`${url}/v1/skills`, { method: 'POST', body: form, headers });
    const skill = (await made.json()) as Record<string, string>;
    expect(skill).toMatchObject({ display_title: 'A title', source: 'custom', type: 'skill' });
    const listed = await fetch(`${url}/v1/skills?limit=1&beta=true`, { headers });
    expect(await listed.json()).toMatchObject({ data: [skill], has_more: true });
    const version = await fetch(`${url}/v1/skills/${skill['id']}/versions/${skill['latest_version']}`, {
      headers,
    });
    expect(await version.json()).toMatchObject({ version: skill['latest_version'], directory: 'a-skill' });
  });

  it('make a version of changed files, none of the same, and refuse another name', async () => {
    const skill = await client.skills.create({ files: await folder() });
    const second = await client.skills.versions.create(skill.id, {
      files: await folder('a-skill', 'Changed.'),
    });
    expect(second.id).not.toBe(skill.latest_version_id);
    const again = await client.skills.versions.create(skill.id, {
      files: [await asFile(zip('a-skill', 'Changed.'), 'x.zip')],
    });
    expect(again.id).toBe(second.id);
    const listed = await client.skills.versions.list(skill.id);
    expect(listed.data.map(({ id }) => id)).toEqual([second.id, skill.latest_version_id]);
    expect((await client.skills.retrieve(skill.id)).latest_version_id).toBe(second.id);
    await expect(
      client.skills.versions.create(skill.id, { files: await folder('other') }),
    ).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('this skill is called \\"a-skill\\"') as string,
    });
  });

  it('delete versions and skills, and then know nothing of them', async () => {
    const skill = await client.skills.create({ files: await folder() });
    const first = skill.latest_version_id;
    await expect(client.skills.versions.delete(first, { skill_id: skill.id })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('only version') as string,
    });
    const second = await client.skills.versions.create(skill.id, { files: await folder('a-skill', 'New.') });
    expect(await client.skills.versions.delete(second.id, { skill_id: skill.id })).toEqual({
      id: second.id,
      type: 'skill_version_deleted',
    });
    expect((await client.skills.retrieve(skill.id)).latest_version_id).toBe(first);
    expect(await client.skills.delete(skill.id)).toEqual({ id: skill.id, type: 'skill_deleted' });
    for (const gone of [
      async () => client.skills.retrieve(skill.id),
      async () => client.skills.delete(skill.id),
      async () => client.skills.versions.list(skill.id),
      async () => client.skills.versions.retrieve('latest', { skill_id: skill.id }),
      async () => client.beta.skills.versions.download(first, { skill_id: skill.id }),
      async () => client.skills.versions.create(skill.id, { files: await folder() }),
      async () => client.skills.retrieve('skill_unknown'),
      async () => client.skills.retrieve('Not/An/Id'),
    ]) {
      await expect(gone()).rejects.toMatchObject({ status: 404 });
    }
  });

  it('list in pages and by source', async () => {
    const seen: string[] = [];
    for await (const skill of client.skills.list({ limit: 2 })) seen.push(skill.id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.at(-1)).toBe('spreadsheet');
    const builtIn = await client.skills.list({ source: 'anthropic' });
    expect(builtIn.data).toMatchObject([{ id: 'spreadsheet', source: { type: 'anthropic' } }]);
    const own = await client.skills.list({ source: 'custom' });
    expect(own.data.every(({ source }) => source.type === 'custom')).toBe(true);
    await expect(client.skills.list({ page: 'nonsense' })).rejects.toMatchObject({ status: 400 });
    await expect(client.skills.list({ source: 'plugins' })).rejects.toMatchObject({ status: 400 });
  });

  it('know built-in skills by their names and by the vendor’s, and keep them from being changed', async () => {
    expect(await client.skills.retrieve('xlsx')).toMatchObject({ id: 'xlsx', display_name: 'Spreadsheets' });
    const version = await client.skills.versions.retrieve('latest', { skill_id: 'xlsx' });
    expect(version).toMatchObject({ id: 'skver_1', skill_id: 'xlsx', name: 'spreadsheet' });
    expect((await client.beta.skills.versions.download('skver_1', { skill_id: 'spreadsheet' })).status).toBe(
      200,
    );
    for (const change of [
      async () => client.skills.delete('spreadsheet'),
      async () => client.skills.versions.delete('skver_1', { skill_id: 'xlsx' }),
      async () => client.skills.versions.create('spreadsheet', { files: await folder('spreadsheet') }),
    ]) {
      await expect(change()).rejects.toMatchObject({ status: 403 });
    }
  });

  it('refuse what is no skill, say why, and store nothing', async () => {
    stored.length = 0;
    const upload =
      (...parts: [string, string | Uint8Array][]) =>
      async () =>
        client.skills.create({
          files: await Promise.all(parts.map(async ([name, content]) => asFile(content, name))),
        });
    const evil = hostileZip([{ name: '../SKILL.md', content: document() }]);
    const half = zip().subarray(0, 60);
    for (const [attempt, reason] of [
      [upload(['README.md', 'x']), /needs a SKILL\.md/],
      [upload(['SKILL.md', 'no frontmatter']), /SKILL\.md line 1: expected a line of three hyphens/],
      [upload(['SKILL.md', document('Bad Name')]), /SKILL\.md line 2: .*lower-case/],
      [upload(['a/SKILL.md', document()], ['../x', 'x']), /leads out of the skill/],
      [upload(['a/SKILL.md', document()], ['a/skill.md', 'x']), /only in case/],
      [upload(['a/SKILL.md', document()], ['a\\b', 'x']), /backslash/],
      [upload(['skill.zip', evil]), /leads out of the skill/],
      [upload(['skill.zip', half]), /the archive cannot be taken/],
      [upload(['SKILL.md', document()], ['big', new Uint8Array(30 * 1024 * 1024)]), /larger than 30 MB/],
    ] as const) {
      await expect(attempt()).rejects.toMatchObject({
        status: 400,
        message: expect.stringMatching(reason) as string,
      });
    }
    const form = new FormData();
    form.append('other', new Blob(['x']), 'x');
    expect((await fetch(`${url}/v1/skills`, { method: 'POST', body: form })).status).toBe(400);
    const title = new FormData();
    title.append('files[]', new Blob([document()]), 'SKILL.md');
    title.append('display_name', 'two\nlines');
    expect((await fetch(`${url}/v1/skills`, { method: 'POST', body: title })).status).toBe(400);
    expect((await fetch(`${url}/v1/skills`, { method: 'POST', body: '{}' })).status).toBe(400);
    expect((await fetch(`${url}/v1/skills`, { method: 'POST', body: new FormData() })).status).toBe(400);
    const huge = new FormData();
    huge.append('files[]', new Blob([new Uint8Array(33_000_000)]), 'SKILL.md');
    expect((await fetch(`${url}/v1/skills`, { method: 'POST', body: huge })).status).toBe(413);
    expect(stored).toEqual([]);
  });
});
