import { connect } from 'node:net';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlobSweep } from '../../../activities/upkeep/blob-sweep.ts';
import { createPostgresFiles } from '../../../providers/store/postgres/files.ts';
import { createPostgresLeftovers } from '../../../providers/store/postgres/leftovers.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

const QUOTA = 100_000;

describe('bytes that were refused or given up', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ settings: { FILES_WORKSPACE_BYTES: String(QUOTA) } });
  });
  afterAll(async () => api.stop());

  const upload = async (bytes: number, fields: Record<string, string> = {}, letter = 'x') => {
    const form = new FormData();
    form.append('file', new File([letter.repeat(bytes)], 'a.txt'));
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const response = await fetch(`${api.url}/v1/files`, { method: 'POST', body: form });
    return {
      status: response.status,
      body: (await response.json()) as { id: string; error?: { message: string } },
    };
  };
  const stored = async () => {
    let count = 0;
    for await (const _blob of api.blobs.list()) count += 1;
    return count;
  };
  /** What a workspace holds, with what it gave up. */
  const used = async () => 2 * QUOTA - (await createPostgresFiles(api.database).room('default', QUOTA)).held;
  /** As a worker does every five minutes, with what was given up and stored long enough ago. */
  const sweep = async () => {
    await api.database.query(`UPDATE loose_blobs SET since = since - interval '1 hour'`, []);
    const sweeping = createBlobSweep({
      blobs: {
        sweep: api.blobs.sweep,
        remove: async (workspaceId, sha256, _graceMs, isReferenced) =>
          api.blobs.remove(workspaceId, sha256, -1_000, isReferenced),
      },
      leftovers: createPostgresLeftovers(api.database),
      lease: { held: async () => true, release: async () => undefined },
      graceMs: 0,
      historyMs: 0,
      log: pino({ level: 'silent' }),
    });
    return sweeping.sweepLoose();
  };

  it('of a refused upload are never stored', async () => {
    const before = await stored();
    for (const fields of [{ expires_in_seconds: 'soon' }, { nonsense: 'x' }, { file: 'twice' }]) {
      expect((await upload(1_000, fields)).status).toBe(400);
    }
    const { status, body } = await upload(QUOTA + 1);
    expect([status, body.error?.message]).toEqual([400, expect.stringContaining('100000')]);
    expect(await stored()).toBe(before);
    expect(await used()).toBe(0);
  });

  it('of a deleted file count until they are gone, however often one uploads and deletes', async () => {
    const { body } = await upload(60_000);
    expect((await fetch(`${api.url}/v1/files/${body.id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await used()).toBe(60_000);
    // There is room at once for who deletes, but not for ever.
    const statuses: number[] = [];
    for (const letter of 'abcdef') {
      const again = await upload(60_000, {}, letter);
      statuses.push(again.status);
      if (again.status === 200) await fetch(`${api.url}/v1/files/${again.body.id}`, { method: 'DELETE' });
    }
    expect(statuses).toEqual([200, 200, 400, 400, 400, 400]);
    expect([await used(), await stored()]).toEqual([180_000, 3]);
    expect(await sweep()).toBe(3);
    expect([await used(), await stored()]).toEqual([0, 0]);
    const after = await upload(60_000);
    expect(after.status).toBe(200);
    await fetch(`${api.url}/v1/files/${after.body.id}`, { method: 'DELETE' });
    expect(await sweep()).toBe(1);
  });

  it('stay, and count once, while another file has the same', async () => {
    const [one, other] = [await upload(5_000), await upload(5_000)];
    await fetch(`${api.url}/v1/files/${one.body.id}`, { method: 'DELETE' });
    expect(await used()).toBe(5_000);
    expect(await sweep()).toBe(0);
    expect([await used(), await stored()]).toEqual([5_000, 1]);
    await fetch(`${api.url}/v1/files/${other.body.id}`, { method: 'DELETE' });
    expect(await sweep()).toBe(1);
    expect([await used(), await stored()]).toEqual([0, 0]);
  });

  it('of an expired file count until they are gone', async () => {
    const { body } = await upload(5_000, { expires_in_seconds: '3600' });
    await api.database.query(
      `UPDATE files SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1`,
      [body.id],
    );
    expect(await used()).toBe(5_000);
    expect(await sweep()).toBe(0);
    expect(await used()).toBe(5_000);
    expect(await sweep()).toBe(1);
    expect([await used(), await stored()]).toEqual([0, 0]);
  });

  it('of a refused message count until they are gone, and a full workspace sends no more of them', async () => {
    const { beta } = api.client();
    const agent = await beta.agents.create({ name: 'A', model: 'claude-opus-5-5' });
    const environment = await beta.environments.create({ name: 'E' });
    const session = await beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const document = (data: string) => ({
      type: 'document' as const,
      source: {
        type: 'base64' as const,
        media_type: 'application/pdf' as const,
        data: Buffer.from(data).toString('base64'),
      },
    });
    const text = {
      type: 'document' as const,
      source: {
        type: 'base64',
        media_type: 'text/csv',
        data: Buffer.from('z'.repeat(9_000)).toString('base64'),
      },
    };
    const send = async (content: unknown[]) =>
      fetch(`${api.url}/v1/sessions/${session.id}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'anthropic-beta': 'managed-agents-2026-04-01' },
        body: JSON.stringify({ events: [{ type: 'user.message', content }] }),
      });
    const before = [await used(), await stored()];
    const refused = await send([text, document('%PDF-1.4 nonsense')]);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('cannot be used')]);
    expect([await used(), await stored()]).toEqual([(before[0] ?? 0) + 9_000, (before[1] ?? 0) + 1]);
    expect(await sweep()).toBe(1);
    expect([await used(), await stored()]).toEqual(before);
    const given = Array.from({ length: 2 }, (_value, index) => ({
      sha256: `${index}`.repeat(64),
      bytes: QUOTA,
    }));
    await createPostgresFiles(api.database).loosen('default', given);
    const full = await send([text]);
    expect([full.status, await full.text()]).toEqual([
      400,
      expect.stringContaining('storage_quota_exceeded'),
    ]);
    await sweep();
  });

  it('of a skill count while it lives, and until they are gone', async () => {
    const { beta } = api.client();
    const before = [await used(), await stored()];
    const text = `---\nname: a\ndescription: Does.\n---\n${'Do. '.repeat(1_000)}\n`;
    const skill = await beta.skills.create({ files: [new File([text], 'a/SKILL.md')] });
    const living = await used();
    expect(living).toBeGreaterThan((before[0] ?? 0) + text.length);
    await fetch(`${api.url}/v1/skills/${skill.id}`, { method: 'DELETE' });
    expect(await used()).toBe(living);
    // The archive, and SKILL.md beside it.
    expect(await sweep()).toBe(2);
    expect([await used(), await stored()]).toEqual(before);
  });

  it('of uploads that are under way count together, before any of them is a file', async () => {
    const boundary = 'b';
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n`;
    const slow = async () => {
      const client = connect(Number(new URL(api.url).port), '127.0.0.1');
      client.write(
        `POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=${boundary}\r\n` +
          `transfer-encoding: chunked\r\n\r\n`,
      );
      const send = (text: string) => client.write(`${text.length.toString(16)}\r\n${text}\r\n`);
      send(head + 'x'.repeat(60_000));
      let answer = '';
      client.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      return { client, send, answer: () => answer };
    };
    const uploads = [await slow(), await slow()];
    const refused = () => uploads.filter(({ answer }) => answer().includes('storage_quota_exceeded'));
    await expect.poll(() => refused().length).toBe(1);
    const other = uploads.find((upload) => !refused().includes(upload));
    other?.send(`\r\n--${boundary}--\r\n`);
    other?.send('');
    await expect.poll(() => other?.answer()).toMatch(/^HTTP\/1\.1 200 /);
    for (const { client } of uploads) client.destroy();
    const { id } = JSON.parse(/\{.*\}/.exec(other?.answer() ?? '')?.[0] ?? '{}') as { id: string };
    expect((await fetch(`${api.url}/v1/files/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await sweep()).toBe(1);
  });
});
