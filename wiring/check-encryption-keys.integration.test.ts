import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { createPostgresSystemView } from '../providers/store/postgres/system-view.ts';
import { startTestServices, type TestServices } from '../test/harness/start-test-services.ts';
import { openStore } from './open-store.ts';
import { systemStatus } from './system-status.ts';

let services: TestServices;
beforeAll(async () => {
  services = await startTestServices();
});
afterAll(() => services.stop());
beforeEach(async () => {
  const database = await start([]);
  await database.query('DELETE FROM encryption_keys');
  await database.close();
});

const key = (): string => randomBytes(32).toString('base64');
const [FIRST, SECOND] = [key(), key()];
let said: { level: number; msg: string; keys?: string[] }[] = [];

function configWith(keys: [id: string, key: string][]) {
  const settings = keys.map(([id], index) => ({ id, key_env: `KEY_${index}` }));
  return loadConfig({
    env: {
      MANAGED_AGENT_STORE_URL: services.postgresUrl,
      MANAGED_AGENT_ENCRYPTION_KEYS: JSON.stringify(settings),
      ...Object.fromEntries(keys.map(([, value], index) => [`KEY_${index}`, value])),
    },
  });
}

/** Starts a process's store with these keys. */
async function start(keys: [id: string, key: string][]) {
  said = [];
  const log = pino({}, { write: (line) => void said.push(JSON.parse(line) as (typeof said)[number]) });
  return openStore(configWith(keys), log, new AbortController().signal);
}

async function restart(keys: [id: string, key: string][]): Promise<typeof said> {
  await (await start(keys)).close();
  return said;
}

/** What `/status` says of the database. */
async function statusWith(keys: [id: string, key: string][]) {
  const view = createPostgresSystemView(services.postgresUrl);
  const other = { check: async () => undefined, known: () => null } as never;
  const status = systemStatus({
    config: configWith(keys),
    view,
    engine: other,
    marks: other,
    decoder: other,
  });
  const { parts } = await status.report();
  await view.close();
  return parts['database'];
}

it('refuses another key under the id of one that was used', async () => {
  await restart([['one', FIRST]]);
  await expect(restart([['one', SECOND]])).rejects.toThrow(
    'encryption.keys: the key "one" is another one than stored data was encrypted with.',
  );
  expect(await restart([['one', FIRST]])).toEqual([]);
});

it('says that keys are gone, in the log and, of the one that encrypts, in the status', async () => {
  await restart([['one', FIRST]]);
  expect(await statusWith([['one', FIRST]])).toEqual({ state: 'ok' });
  expect(await restart([])).toMatchObject([
    { level: 50, keys: ['one'], msg: expect.stringContaining('stored as it is') as string },
  ]);
  expect(await statusWith([])).toMatchObject({
    state: 'degraded',
    detail: expect.stringContaining('"one" is not in encryption.keys') as string,
  });
});

it('takes a new key in front, and lets the old one go once it encrypts no more', async () => {
  await restart([['one', FIRST]]);
  expect(
    await restart([
      ['two', SECOND],
      ['one', FIRST],
    ]),
  ).toEqual([]);
  expect(await statusWith([['one', FIRST]])).toMatchObject({ state: 'degraded' });
  expect(await restart([['two', SECOND]])).toMatchObject([{ level: 40, keys: ['one'] }]);
  expect(await statusWith([['two', SECOND]])).toEqual({ state: 'ok' });
});
