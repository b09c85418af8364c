import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileMetadata } from '../../../core/schema/file.ts';
import { createPostgresFiles } from '../../../providers/store/postgres/files.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
beforeAll(async () => {
  api = await startApi();
  client = api.client();
});
afterAll(async () => api.stop());

const refused = { status: 400, type: 'invalid_request_error' };
const gone = { status: 404, type: 'not_found_error' };

async function post(body: string, type = 'multipart/form-data; boundary=B') {
  const response = await fetch(`${api.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  const answer = (await response.json()) as {
    filename?: string;
    mime_type?: string;
    error?: { message: string };
  };
  return { status: response.status, ...answer, message: answer.error?.message ?? '' };
}
const part = (disposition: string, content: string, type = '') =>
  `--B\r\ncontent-disposition: form-data; ${disposition}\r\n${type && `content-type: ${type}\r\n`}\r\n${content}\r\n`;

/** A file as a session makes it. */
async function made(filename: string, bytes: Buffer, expiresInSeconds: number | null = null) {
  const { sha256 } = await api.blobs.put('default', bytes);
  return createPostgresFiles(api.database).create(
    {
      id: `file_${randomBytes(8).toString('hex')}`,
      workspaceId: 'default',
      sessionId: null,
      filename,
      mimeType: 'text/html',
      bytes: bytes.length,
      sha256,
      downloadable: true,
      expiresInSeconds,
    },
    2 ** 40,
  );
}

describe('files', () => {
  it('are uploaded and described', async () => {
    const file = await client.beta.files.upload({
      file: await toFile(Buffer.from('a,b\n'), 'data/table.csv', { type: 'text/csv' }),
    });
    expect(file).toMatchObject({
      type: 'file',
      filename: 'table.csv',
      mime_type: 'text/csv',
      size_bytes: 4,
      downloadable: false,
      expires_at: null,
      scope: null,
    });
    FileMetadata.parse(file);
    expect(await client.beta.files.retrieveMetadata(file.id)).toEqual(file);
    expect((await client.files.retrieveMetadata(file.id)).id).toBe(file.id);
    expect(await client.beta.files.delete(file.id)).toEqual({ id: file.id, type: 'file_deleted' });
    await expect(client.beta.files.retrieveMetadata(file.id)).rejects.toMatchObject(gone);
    await expect(client.beta.files.delete(file.id)).rejects.toMatchObject(gone);
  });

  it('may be large: 50 MB go through without being held in memory whole', async () => {
    const bytes = randomBytes(50_000_000);
    const file = await client.beta.files.upload({ file: new File([bytes], 'big.bin') });
    expect(file.size_bytes).toBe(bytes.length);
  });

  it('get a name and a type where the client gives none', async () => {
    expect(await post(`${part('name="file"; filename=""', 'x', 'text/plain')}--B--\r\n`)).toMatchObject({
      status: 200,
      filename: 'unnamed.txt',
    });
    expect(await post(`${part('name="file"; filename="a.pdf"', 'x')}--B--\r\n`)).toMatchObject({
      status: 200,
      mime_type: 'application/pdf',
    });
    expect(
      await post(`${part('name="file"; filename="C:\\\\x\\\\naïve 😀.txt"', 'x')}--B--\r\n`),
    ).toMatchObject({
      status: 200,
      filename: 'naïve 😀.txt',
    });
  });

  it('that come in a field of another name end nothing but their own upload', async () => {
    const form = new FormData();
    form.append('nonsense', new File([new Uint8Array(4_000_000)], 'a.bin'));
    const response = await fetch(`${api.url}/v1/files`, { method: 'POST', body: form });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('nonsense: is not a field of this form'),
    ]);
  });

  it('expire when they are told to', async () => {
    const file = await client.beta.files.upload({
      file: new File(['x'], 'x.txt'),
      expires_in_seconds: 3_600,
    });
    expect(Date.parse(file.expires_at ?? '') - Date.parse(file.created_at)).toBe(3_600_000);
    for (const seconds of ['3599', '7776001', 'soon', '1e5']) {
      const answer = await post(
        `${part('name="expires_in_seconds"', seconds)}${part('name="file"; filename="a"', 'x')}--B--\r\n`,
      );
      expect(answer.status).toBe(400);
      expect(answer.message).toContain('expires_in_seconds');
    }
  });

  it.each([
    ['no form', '{}', 'application/json'],
    ['no boundary', 'x', 'multipart/form-data'],
    ['no file', `${part('name="expires_in_seconds"', '3600')}--B--\r\n`],
    ['an unknown field', `${part('name="purpose"', 'x')}${part('name="file"; filename="a"', 'x')}--B--\r\n`],
    ['another file field', `${part('name="files"; filename="a"', 'x')}--B--\r\n`],
    [
      'two files',
      `${part('name="file"; filename="a"', 'x')}${part('name="file"; filename="b"', 'y')}--B--\r\n`,
    ],
    ['a form that ends early', part('name="file"; filename="a"', 'x')],
    ['a name with forbidden characters', `${part('name="file"; filename="a?.txt"', 'x')}--B--\r\n`],
    ['a name with control characters', `${part('name="file"; filename="a\u0001.txt"', 'x')}--B--\r\n`],
    ['a name that is too long', `${part(`name="file"; filename="${'a'.repeat(256)}"`, 'x')}--B--\r\n`],
  ])('are refused as %s', async (_name, body, type?: string) => {
    expect(await post(body, type)).toMatchObject({ status: 400 });
  });

  it('are downloaded as attachments when a session made them, and only then', async () => {
    const uploaded = await client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    await expect(client.beta.files.download(uploaded.id)).rejects.toMatchObject({
      ...refused,
      errorCode: 'file_not_downloadable',
    });
    const bytes = randomBytes(300_000);
    const file = await made('bericht "ü"\r\nX-Evil: 1.html', bytes);
    const response = await client.beta.files.download(file.id);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('content-length')).toBe('300000');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(response.headers.get('x-evil')).toBeNull();
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename=".*"; filename\*=UTF-8''/,
    );
  });

  it('are gone after they expired, save for what is known of them', async () => {
    const file = await made('old.txt', Buffer.from('x'), -1);
    await expect(client.beta.files.download(file.id)).rejects.toMatchObject({
      ...gone,
      errorCode: 'file_expired',
    });
    expect((await client.beta.files.retrieveMetadata(file.id)).filename).toBe('old.txt');
    const store = createPostgresFiles(api.database);
    expect(await store.removeExpired(60_000)).toBe(0);
    expect(await store.removeExpired(0)).toBe(1);
    await expect(client.beta.files.retrieveMetadata(file.id)).rejects.toMatchObject(gone);
  });

  it('are listed newest first, by page, by id and by session', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      ids.push((await client.beta.files.upload({ file: new File(['x'], name) })).id);
      await sleep(2);
    }
    const listed: string[] = [];
    for await (const { id } of client.beta.files.list({ limit: 2 })) listed.push(id);
    expect(listed.filter((id) => ids.includes(id))).toEqual([...ids].reverse());
    const legacy = async (query: string) => {
      const headers = { 'anthropic-beta': 'files-api-2025-04-14' };
      const response = await fetch(`${api.url}/v1/files?beta=true&limit=2&${query}`, { headers });
      return (await response.json()) as {
        data: { id: string }[];
        has_more: boolean;
        first_id: string;
        last_id: string;
      };
    };
    const first = await legacy('');
    expect(first).toMatchObject({ has_more: true, first_id: ids[2], last_id: ids[1] });
    const second = await legacy(`after_id=${first.last_id}`);
    expect(second.data[0]?.id).toBe(ids[0]);
    expect((await legacy(`before_id=${second.first_id}`)).data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const some = await client.beta.files.list({ ids: [ids[0] ?? '', ids[2] ?? '', 'file_none'] });
    expect(some.data.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
    expect(some.next_page).toBeNull();
    expect((await client.beta.files.list({ scope_id: 'sesn_none' })).data).toEqual([]);
    await expect(client.beta.files.list({ ids, limit: 2 })).rejects.toMatchObject(refused);
    const many = Array.from({ length: 101 }, (_, index) => `file_${index}`);
    await expect(client.beta.files.list({ ids: many })).rejects.toMatchObject(refused);
  });
});

describe('files of a session', () => {
  it('are copies at the places that their paths name', async () => {
    const agent = await client.beta.agents.create({ model: 'demo', name: 'A' });
    const environment = await client.beta.environments.create({ name: 'E' });
    const file = await client.beta.files.upload({ file: new File(['x'], 'data.csv') });
    const attach = (mount_path?: string) => ({
      type: 'file' as const,
      file_id: file.id,
      ...(mount_path ? { mount_path } : {}),
    });
    const session = await client.beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      resources: [attach(), attach('data.csv'), attach('/a/data.csv'), attach('/workspace/data.csv')],
    });
    expect(
      session.resources.map((resource) => ('mount_path' in resource ? resource.mount_path : '')),
    ).toEqual([
      `/mnt/session/uploads/${file.id}`,
      '/uploads/data.csv',
      '/mnt/session/uploads/a/data.csv',
      '/workspace/data.csv',
    ]);
    const resources = client.beta.sessions.resources;
    const added = await resources.add(session.id, { type: 'file', file_id: file.id, mount_path: 'more.csv' });
    expect(await resources.retrieve(added.id, { session_id: session.id })).toEqual(added);
    const paged: string[] = [];
    for await (const resource of resources.list(session.id, { limit: 2 }))
      if ('id' in resource) paged.push(resource.id);
    expect(paged).toHaveLength(5);
    expect(paged.at(-1)).toBe(added.id);
    for (const mount_path of ['../x', 'a//b', '/mnt/session/uploads/data.csv', 'data.csv', 'x\u0007']) {
      await expect(
        resources.add(session.id, { type: 'file', file_id: file.id, mount_path }),
      ).rejects.toMatchObject(refused);
    }
    await expect(
      resources.update(added.id, { session_id: session.id, authorization_token: 't' }),
    ).rejects.toMatchObject(refused);
    expect(await resources.delete(added.id, { session_id: session.id })).toEqual({
      id: added.id,
      type: 'session_resource_deleted',
    });
    await expect(resources.delete(added.id, { session_id: session.id })).rejects.toMatchObject(gone);
    await expect(client.beta.files.retrieveMetadata(added.file_id)).rejects.toMatchObject(gone);
    expect((await client.beta.files.list({ scope_id: session.id })).data).toHaveLength(4);
  });
});
