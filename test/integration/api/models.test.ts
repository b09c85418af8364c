import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../../providers/store/postgres/migrate.ts';
import { openDatabase, type Database } from '../../../providers/store/postgres/database.ts';
import { createPostgresImportedModels } from '../../../providers/store/postgres/imported-models.ts';
import type { ImportedModels } from '../../../providers/store/imported-models.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';
import { startTestServices, type TestServices } from '../../harness/start-test-services.ts';

const SERVER = 'http://127.0.0.1:9/v1';

let services: TestServices;
let database: Database;
let store: ImportedModels;
let api: TestApi;
beforeAll(async () => {
  services = await startTestServices();
  database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  store = createPostgresImportedModels(database);
  await store.write('openai', [{ id: 'llama', provider: 'openai', base_url: SERVER, context_window: 9_000 }]);
  api = await startApi({
    postgresUrl: services.postgresUrl,
    settings: { PROVIDERS_OPENAI_BASE_URL: SERVER, PROVIDERS_OPENAI_IMPORT_MODELS: 'true' },
  });
});
afterAll(async () => {
  await api.stop();
  await database.close();
  await services.stop();
});

describe('imported models', () => {
  it('are kept by provider, the newest list of each', async () => {
    await store.write('gemini', [{ id: 'old', provider: 'gemini' }]);
    await store.write('gemini', [
      { id: 'b', provider: 'gemini' },
      { id: 'a', provider: 'gemini' },
    ]);
    const read = await store.read(['gemini', 'openai', 'anthropic']);
    expect(read.map(({ id }) => id)).toEqual(['b', 'a', 'llama']);
    expect(await store.read(['anthropic'])).toEqual([]);
  });

  it('are offered with the limits that their server names, though it is down now', async () => {
    const client = api.client();
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids[0]).toBe('llama');
    expect(ids).toContain('claude-opus-5-5');
    expect(ids.some((id) => id.startsWith('gpt-'))).toBe(false);
    expect(await client.models.retrieve('llama')).toMatchObject({ type: 'model', max_input_tokens: 9_000 });
    const agent = await client.beta.agents.create({ model: 'llama', name: 'Local' });
    expect(agent.model).toMatchObject({ id: 'llama' });
  });

  it('are listed beside any model of the vendors that is not, by its name', async () => {
    const client = api.client();
    expect(await client.models.retrieve('claude-opus-9')).toMatchObject({
      id: 'claude-opus-9',
      line: 'opus',
    });
    await expect(client.models.retrieve('gpt-9')).rejects.toMatchObject({ status: 404 });
  });
});
