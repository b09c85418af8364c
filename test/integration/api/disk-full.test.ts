import { statfsSync } from 'node:fs';
import { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type TestApi } from '../../harness/start-api.ts';

const { bavail, bsize } = statfsSync('.');
let low: TestApi;
let full: TestApi;
beforeAll(async () => {
  low = await startApi({ settings: { DISK_RESERVE_BYTES: String(Math.round(bavail * bsize * 0.75)) } });
  full = await startApi({ settings: { DISK_RESERVE_BYTES: String(bavail * bsize * 2) } });
});
afterAll(async () => Promise.all([low.stop(), full.stop()]));

async function diskOf(api: TestApi) {
  const answer = await fetch(`${api.url}/status`);
  const { parts } = (await answer.json()) as { parts: { disk: { state: string; detail: string } } };
  return parts.disk;
}

it('a disk without room to spare stores no file, with 507 and the reason', async () => {
  const file = await toFile(Buffer.alloc(300_000), 'data.bin');
  const upload = low.client().beta.files.upload({ file }, { maxRetries: 0 });
  await expect(upload).rejects.toMatchObject({
    status: 507,
    message: expect.stringContaining('almost full'),
  });
  // What is small goes on.
  expect((await fetch(`${low.url}/v1/files`)).status).toBe(200);
});

it('status and metrics say how much room there is, and what follows from it', async () => {
  expect(await diskOf(low)).toMatchObject({
    state: 'degraded',
    detail: expect.stringContaining('no sandbox is started and no file stored until'),
  });
  // Messages are stored all the same.
  expect((await fetch(`${full.url}/readyz`)).status).toBe(200);
  expect(await diskOf(full)).toMatchObject({
    state: 'down',
    detail: expect.stringContaining('commands that write are ended'),
  });
  const metrics = await (await fetch(`${full.url}/metrics`)).text();
  expect(metrics).toMatch(/^managed_agent_disk_low\{part="api"\} 2$/m);
  expect(metrics).toMatch(/^managed_agent_disk_free_bytes\{part="api"\} \d+/m);
});

it('a database without room is called that, in the error, the status and a metric', async () => {
  const api = await startApi();
  try {
    // As PostgreSQL says it when it cannot extend a file.
    await api.database.query(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100'; END $$`);
    await api.database.query(
      'CREATE TRIGGER no_room BEFORE INSERT ON environments FOR EACH ROW EXECUTE FUNCTION no_room()',
    );
    await expect(
      api.client().beta.environments.create({ name: 'E' }, { maxRetries: 0 }),
    ).rejects.toMatchObject({
      status: 507,
      type: 'api_error',
      message: expect.stringContaining('The disk of the database is full'),
    });
    expect(await diskOf(api)).toMatchObject({
      state: 'down',
      detail: expect.stringContaining('A write of the database failed (full)'),
    });
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toMatch(
      /^managed_agent_storage_errors_total\{(?=.*store="database")(?=.*reason="full").*\} \d+$/m,
    );
    // It can be read all the same.
    expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
    expect((await api.client().beta.environments.list()).data).toEqual([]);
  } finally {
    await api.stop();
  }
});
