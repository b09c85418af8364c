import { loadConfig, readHostEnvironment, type Config } from '../config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { explainModel, createModelCatalog, type ModelCatalogInput } from '../core/models/model-catalog.ts';
import { modelLines, modelTable } from '../core/models/model-lines.ts';
import type { ModelSetting } from '../core/models/model-setting.ts';
import { createPostgresImportedModels } from '../providers/store/postgres/imported-models.ts';
import { withStoreUrl } from '../wiring/command-store.ts';
import { catalogInput, importingOf } from '../wiring/model-access.ts';
import { connectStore } from '../wiring/open-store.ts';
import { commandArguments } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run models [-- ID]`: shows the models that agents may name by these settings, or all that is known of one and where each value came
 * from. No model server is asked: what servers list is read from the database, where models are imported.
 */
const USAGE = 'Usage: npm run models [-- [ID] [--config FILE]]';

const asked = commandArguments(USAGE, { config: { type: 'string' } }, (values, [id, more]) => {
  if (more !== undefined) throw new Error(`${more}: expected the id of one model.`);
  return { id, config: values.config };
});
await operatorsCommand(async () => {
  const config = loadConfig({
    ...(asked.config === undefined ? {} : { file: asked.config }),
    part: 'command',
  });
  const input = catalogInput(config, await importedModels(config));
  const lines = asked.id === undefined ? listLines(input) : explainLines(asked.id, input);
  for (const line of lines) console.log(line);
});

function listLines(input: ModelCatalogInput): string[] {
  return modelTable(createModelCatalog(input).list());
}

function explainLines(id: string, input: ModelCatalogInput): string[] {
  const explained = explainModel(id, input);
  if (explained === null)
    throw new AppError(
      'not_found',
      `There is no model ${JSON.stringify(id)}: it is in no list, and its name says nothing of whose it is. npm run models lists those there are.`,
    );
  const lines = modelLines(explained, new Date());
  return createModelCatalog(input).resolve(id) === null
    ? [...lines, '', 'No agent can name it here: neither it nor its provider has a key or an address.']
    : lines;
}

async function importedModels(config: Config): Promise<readonly ModelSetting[]> {
  const importing = importingOf(config);
  if (importing.length === 0) return [];
  try {
    return await withStoreUrl(config, readHostEnvironment(), console.error, async (url) => {
      const database = connectStore({ ...config, store: { ...config.store, url, direct_url: null } });
      try {
        return await createPostgresImportedModels(database).read(importing);
      } finally {
        await database.close();
      }
    });
  } catch (error) {
    const why = isAppError(error) || error instanceof Error ? error.message : String(error);
    console.error(`What the servers of ${importing.join(', ')} list is missing here: ${why}`);
    return [];
  }
}
