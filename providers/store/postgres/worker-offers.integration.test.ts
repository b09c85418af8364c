import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModelCatalog } from '../../../core/models/model-catalog.ts';
import { modelOfferOf } from '../../../core/models/model-offer.ts';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { createPostgresWorkerOffers } from './worker-offers.ts';
import { createPostgresWorkerRegistry } from './worker-registry.ts';

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

const models = modelOfferOf(createModelCatalog({ settings: [], usable: ['anthropic'] }));
const brain = { models, absentTools: null };
const hands = { models: null, absentTools: [['web_search', 'no engine'] as const] };

describe('what workers say that they can do', () => {
  it('is read by others with whether they live, the newest first, and kept while none does', async () => {
    const [writer, reader] = [createPostgresWorkerOffers(database), createPostgresWorkerOffers(database)];
    expect(await reader.read()).toEqual([]);
    const registry = createPostgresWorkerRegistry({
      url: services.postgresUrl,
      name: 'thinks',
      host: 'here',
      process: { pid: 1, started: '' },
      isAlive: () => true,
      role: 'brain',
      sandboxHost: null,
    });
    await writer.tell('thinks', brain);
    await registry.join();
    await writer.tell('works', hands);
    expect(await reader.read()).toEqual([
      { ...hands, isAlive: false },
      { ...brain, isAlive: true },
    ]);
    await registry.leave();
    expect(await reader.read()).toEqual([
      { ...hands, isAlive: false },
      { ...brain, isAlive: false },
    ]);
    const changed = { ...brain, models: { ...models, defaultModel: 'demo' } };
    await writer.tell('thinks', changed);
    expect((await reader.read())[0]).toEqual({ ...changed, isAlive: false });
  });

  it('goes when its worker is long gone and another says as much', async () => {
    const offers = createPostgresWorkerOffers(database);
    const names = async (): Promise<string[]> =>
      (await database.query<{ worker: string }>('SELECT worker FROM worker_offers ORDER BY worker')).map(
        ({ worker }) => worker,
      );
    await database.query(`UPDATE worker_offers SET told_at = told_at - interval '11 minutes'`);
    await offers.tell('works-too', hands);
    expect(await names()).toEqual(['thinks', 'works-too']);
    await offers.tell('thinks-too', brain);
    expect(await names()).toEqual(['thinks-too', 'works-too']);
  });
});
