import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresSystemView } from './system-view.ts';

let services: TestServices;
let database: Database;
beforeAll(async () => {
  services = await startTestServices();
  database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

it('tells a table that somebody has locked from a database that does not answer', async () => {
  const view = createPostgresSystemView(services.postgresUrl);
  await database.unlimited.transaction(async (connection) => {
    await connection.query('LOCK TABLE events IN ACCESS EXCLUSIVE MODE');
    const locked = Array.from({ length: 4 }, () => view.queue());
    const [first] = locked;
    const settled = Promise.allSettled(locked);
    expect(await view.database()).toEqual({ takesWrites: true });
    await expect(first).rejects.toMatchObject({ message: expect.stringContaining('The database is busy') });
    await settled;
  });
  expect(await view.queue()).toEqual({ queued: 0, oldestSeconds: 0 });
  await view.close();
});
