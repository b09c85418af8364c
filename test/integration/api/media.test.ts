import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinsOf } from '../../../core/journal/media-pins.ts';
import type { SignalledEvent } from '../../../providers/engine/session-engine.ts';
import { createPostgresLeftovers } from '../../../providers/store/postgres/leftovers.ts';
import { journalToolUse } from '../../harness/journal-tool-use.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

let api: TestApi;
let client: Anthropic;
let site: Server;
let siteUrl: string;
let picture: Buffer;
beforeAll(async () => {
  api = await startApi({ settings: { SANDBOX_PRIVATE_NETWORKS: '["127.0.0.1"]' } });
  client = api.client();
  picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#c81e28' } })
    .tiff()
    .toBuffer();
  site = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/picture' }).end();
    else if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    else response.end(picture);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterAll(async () => {
  site.close();
  await api.stop();
});

type Block = Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEventParams['content'][number];

async function newSession(model = 'claude-opus-5-5'): Promise<string> {
  const environment = await client.beta.environments.create({ name: 'media' });
  const agent = await client.beta.agents.create({
    name: 'media',
    model,
    tools: [{ type: 'agent_toolset_20260401' }],
  });
  const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  return session.id;
}
const send = async (session: string, ...content: Block[]) =>
  client.beta.sessions.events.send(session, { events: [{ type: 'user.message', content }] });
const inline = (
  media: 'image/png' | 'image/jpeg',
  bytes: Buffer,
): Anthropic.Beta.Sessions.BetaManagedAgentsImageBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: media, data: bytes.toString('base64') },
});
async function storedPins(session: string) {
  const { data } = await client.beta.sessions.events.list(session);
  const bodies = await Promise.all(data.map(async ({ id }) => api.journal.event(session, id)));
  return bodies.flatMap((event) => pinsOf(event?.body ?? {}));
}

describe('images and documents that are sent', () => {
  it('are shown as they were sent, while the journal and the history hold what was made of them', async () => {
    const session = await newSession();
    const block: Block = { type: 'image', source: { type: 'url', url: `${siteUrl}/moved` } };
    const echo = await send(session, { type: 'text', text: 'look' }, block);
    expect(echo.data).toMatchObject([{ content: [{ type: 'text' }, block] }]);
    const { data } = await client.beta.sessions.events.list(session);
    expect(data).toMatchObject([{ content: [{ type: 'text' }, block] }]);
    expect(JSON.stringify([echo, data])).not.toContain('$media');

    const [pin] = await storedPins(session);
    expect(pin).toMatchObject({ at: 1, shown: { type: 'image', media_type: 'image/jpeg' } });
    const signalled: SignalledEvent[] = api.engine.signalled
      .filter(({ sessionId }) => sessionId === session)
      .flatMap(({ events }) => events);
    expect(JSON.stringify(signalled)).toContain(pin?.shown?.sha256);
    const leftovers = createPostgresLeftovers(api.database);
    expect(await leftovers.isReferenced('default', pin?.shown?.sha256 ?? '')).toBe(true);
  });

  it('go on being shown when the file that they came from is deleted', async () => {
    const session = await newSession();
    const file = await client.beta.files.upload({ file: new File([new Uint8Array(picture)], 'scan.tiff') });
    await send(session, { type: 'image', source: { type: 'file', file_id: file.id } });
    await client.beta.files.delete(file.id);
    const [pin] = await storedPins(session);
    expect(await api.blobs.has('default', pin?.shown?.sha256 ?? '')).toBe(true);
    expect(await createPostgresLeftovers(api.database).isReferenced('default', pin?.file?.sha256 ?? '')).toBe(
      true,
    );
  });

  it('that are files become resources of the session, each once, with the first message too', async () => {
    const file = await client.beta.files.upload({
      file: new File(['a,b\n'], 'table.csv', { type: 'text/csv' }),
    });
    const document: Block = { type: 'document', source: { type: 'file', file_id: file.id } };
    const { id: environment } = await client.beta.environments.create({ name: 'media' });
    const agent = await client.beta.agents.create({
      name: 'media',
      model: 'claude-opus-5-5',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({
      agent: agent.id,
      environment_id: environment,
      initial_events: [{ type: 'user.message', content: [document] }],
    });
    await send(session.id, document, document);
    const { data } = await client.beta.sessions.resources.list(session.id);
    expect(data).toMatchObject([
      { type: 'file', mount_path: expect.stringMatching(/\/table\.csv$/) as string },
    ]);
    const [resource] = data;
    const copy = await client.beta.files.retrieveMetadata(resource?.type === 'file' ? resource.file_id : '');
    expect(copy).toMatchObject({ filename: 'table.csv', size_bytes: 4, scope: { id: session.id } });
  });

  it('that cannot be used are refused by their place, and nothing is accepted', async () => {
    const session = await newSession();
    const lie = inline('image/png', picture);
    await expect(send(session, { type: 'text', text: 'x' }, lie)).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining('events.0.content.1.source: ') as string,
    });
    const file = await client.beta.files.upload({ file: new File(['x'], 'x.txt') });
    await expect(
      send(session, { type: 'document', source: { type: 'file', file_id: file.id } }, lie),
    ).rejects.toMatchObject({ status: 400 });
    await expect(
      send(session, { type: 'image', source: { type: 'url', url: `${siteUrl}/away` } }),
    ).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('not a public address') as string,
    });
    expect((await client.beta.sessions.events.list(session)).data).toEqual([]);
    expect((await client.beta.sessions.resources.list(session)).data).toEqual([]);
  });

  it('may be the result of a client’s own tool, which can be given again where it was refused', async () => {
    const session = await newSession();
    const use = await journalToolUse(api.journal, session, 'custom');
    const answer = async (block: ReturnType<typeof inline>) =>
      client.beta.sessions.events.send(session, {
        events: [{ type: 'user.custom_tool_result', custom_tool_use_id: use, content: [block] }],
      });
    await expect(answer(inline('image/png', picture))).rejects.toMatchObject({ status: 400 });
    const png = await sharp(picture).png().toBuffer();
    const { data } = await answer(inline('image/png', png));
    expect(data?.[0]).toMatchObject({ content: [inline('image/png', png)] });
    expect(await storedPins(session)).toMatchObject([{ shown: { type: 'image', media_type: 'image/png' } }]);
  });

  it('that are files which do not exist are 404', async () => {
    const session = await newSession();
    await expect(
      send(session, { type: 'image', source: { type: 'file', file_id: 'file_none' } }),
    ).rejects.toMatchObject({ status: 404 });
  });
});

describe('the room for files', () => {
  it('ends with a clear refusal, also for two uploads at once', async () => {
    const narrow = await startApi({ settings: { FILES_WORKSPACE_BYTES: '1000', FILES_MAX_BYTES: '900' } });
    try {
      const files = narrow.client().beta.files;
      const upload = async (size: number) =>
        files.upload({ file: new File([new Uint8Array(size)], `${size}.bin`) });
      await expect(upload(901)).rejects.toMatchObject({ status: 413 });
      const results = await Promise.allSettled([upload(600), upload(600), upload(600)]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refused = results.find(({ status }) => status === 'rejected');
      expect(refused).toMatchObject({ reason: { status: 400, errorCode: 'storage_quota_exceeded' } });
      for await (const file of files.list()) await files.delete(file.id);
      expect((await upload(800)).size_bytes).toBe(800);
    } finally {
      await narrow.stop();
    }
  });

  it('lets uploads expire after the time that the settings name', async () => {
    const short = await startApi({ settings: { FILES_UPLOADS_EXPIRE_AFTER_HOURS: '2' } });
    try {
      const file = await short.client().beta.files.upload({ file: new File(['x'], 'x.txt') });
      expect(Date.parse(file.expires_at ?? '') - Date.parse(file.created_at)).toBe(7_200_000);
    } finally {
      await short.stop();
    }
  });
});
