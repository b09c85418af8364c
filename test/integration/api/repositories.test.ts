import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../../providers/encryption/key-ring.ts';
import { createRowCipher } from '../../../providers/encryption/row-cipher.ts';
import { openDatabase } from '../../../providers/store/postgres/database.ts';
import { createPostgresSessions } from '../../../providers/store/postgres/sessions.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
let agent: string;
let environment: string;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
  agent = (await client.beta.agents.create({ model: 'claude-opus-5-5', name: 'Coder' })).id;
  environment = (await client.beta.environments.create({ name: 'Linux' })).id;
});
afterAll(async () => api.stop());

const url = 'https://github.com/octo/hello';
const SECRET = 'ghp_a-secret-that-nobody-may-see';
const sha = 'a'.repeat(40);
type Resources = NonNullable<Parameters<Anthropic['beta']['sessions']['create']>[0]['resources']>;
const create = async (resources: Resources) =>
  client.beta.sessions.create({ agent, environment_id: environment, resources });

describe('repositories of a session', () => {
  it('are attached at creation, listed with the files in their order, and never show their token', async () => {
    const file = await client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    const session = await create([
      { type: 'github_repository', url, authorization_token: SECRET },
      { type: 'file', file_id: file.id },
      {
        type: 'github_repository',
        url,
        authorization_token: SECRET,
        mount_path: '/workspace/other/',
        checkout: { type: 'branch', name: 'feature/one' },
      },
      {
        type: 'github_repository',
        url,
        authorization_token: SECRET,
        mount_path: 'third',
        checkout: { type: 'commit', sha },
      },
    ]);
    expect(session.resources).toMatchObject([
      { type: 'github_repository', url, mount_path: '/workspace/hello', checkout: null },
      { type: 'file' },
      { mount_path: '/workspace/other', checkout: { type: 'branch', name: 'feature/one' } },
      { mount_path: '/workspace/third', checkout: { type: 'commit', sha } },
    ]);
    expect(session.resources[0]).toMatchObject({ id: expect.stringMatching(/^sesrsc_/) });
    const listed = [];
    for await (const resource of client.beta.sessions.resources.list(session.id, { limit: 1 }))
      listed.push(resource);
    expect(listed).toEqual(session.resources);
    const again = await client.beta.sessions.retrieve(session.id);
    expect(again.resources).toEqual(session.resources);
    expect(JSON.stringify([session, listed, again])).not.toContain(SECRET);
  });

  it('are added to a session that exists, get another token, and go', async () => {
    const { id: session_id } = await create([]);
    const { resources } = client.beta.sessions;
    const response = await fetch(`${api.url}/v1/sessions/${session_id}/resources`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'github_repository', url, authorization_token: SECRET }),
    });
    const added = (await response.json()) as { id: string; updated_at: string };
    expect(added).toMatchObject({ type: 'github_repository', url, mount_path: '/workspace/hello' });
    expect(await resources.retrieve(added.id, { session_id })).toEqual(added);
    const changed = await resources.update(added.id, { session_id, authorization_token: 'another' });
    expect(changed).toEqual({ ...added, updated_at: expect.any(String) });
    const sessions = createPostgresSessions(api.database);
    expect(await sessions.repositories('default', session_id)).toMatchObject([{ token: 'another' }]);
    expect(await sessions.repositories('other', session_id)).toEqual([]);
    expect(await resources.delete(added.id, { session_id })).toEqual({
      id: added.id,
      type: 'session_resource_deleted',
    });
    await expect(
      resources.update(added.id, { session_id, authorization_token: 'late' }),
    ).rejects.toMatchObject({ status: 404 });
    expect((await client.beta.sessions.retrieve(session_id)).resources).toEqual([]);
  });

  it('are refused where their address, token, checkout or place cannot be meant', async () => {
    const token = { authorization_token: SECRET };
    const repository = { type: 'github_repository' as const, url, ...token };
    const file = await client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    const refused: Resources[] = [
      [{ ...repository, url: 'https://github.com/octo/hello.git' }],
      [{ ...repository, url: 'http://github.com/octo/hello' }],
      [{ ...repository, url: 'https://github.com/octo/hello/tree/main' }],
      [{ ...repository, url: 'https://github.com.evil.example/octo/hello' }],
      [{ ...repository, url: 'https://github.com/octo/..' }],
      [{ ...repository, authorization_token: 'with\r\nheader: x' }],
      [{ ...repository, checkout: { type: 'branch', name: '--upload-pack=touch /tmp/x' } }],
      [{ ...repository, checkout: { type: 'branch', name: 'a..b' } }],
      [{ ...repository, checkout: { type: 'commit', sha: 'abc' } }],
      [{ ...repository, mount_path: '/workspace/../etc' }],
      [{ ...repository, mount_path: '/workspace' }],
      [repository, repository],
      [repository, { ...repository, mount_path: '/workspace/hello/inner' }],
      [repository, { type: 'file', file_id: file.id, mount_path: '/workspace/hello/x.txt' }],
    ];
    for (const resources of refused)
      await expect(create(resources), JSON.stringify(resources)).rejects.toMatchObject({ status: 400 });
  });

  it('have tokens that lie encrypted in the database where there are keys', async () => {
    const { id } = await create([]);
    const ring = createKeyRing([{ id: 'k1', key: Buffer.alloc(32, 7) }]);
    const database = openDatabase({
      url: api.database.pool.options.connectionString ?? '',
      maximum: 2,
      cipher: createRowCipher(ring),
    });
    try {
      const sessions = createPostgresSessions(database);
      const repository = { id: 'sesrsc_enc', url, checkout: null, mountPath: '/workspace/x', token: SECRET };
      await sessions.attachRepository('default', id, repository, () => undefined);
      const stored = async () =>
        JSON.stringify(
          await database.query('SELECT * FROM session_repositories WHERE session_id = $1', [id]),
        );
      expect(await stored()).not.toContain(SECRET);
      expect(await sessions.repositories('default', id)).toMatchObject([{ token: SECRET }]);
      await sessions.changeToken('default', id, 'sesrsc_enc', `${SECRET}2`);
      expect(await stored()).not.toContain(SECRET);
      expect(await sessions.repositories('default', id)).toMatchObject([{ token: `${SECRET}2` }]);
    } finally {
      await database.close();
    }
  });
});
