import type { ModelSetting } from '../../../core/models/model-setting.ts';
import type { ImportedModels } from '../imported-models.ts';
import type { Database } from './database.ts';

/** Imported models on PostgreSQL: one row per connection. */
export function createPostgresImportedModels(database: Database): ImportedModels {
  return {
    async read(connections) {
      const rows = await database.query<{ provider: string; models: ModelSetting[] }>(
        'SELECT provider, models FROM imported_models WHERE provider = ANY ($1)',
        [connections],
        'imported-models',
      );
      return connections.flatMap((name) => rows.find(({ provider }) => provider === name)?.models ?? []);
    },

    async write(connection, models) {
      await database.query(
        `INSERT INTO imported_models (provider, models, listed_at) VALUES ($1, $2, clock_timestamp())
          ON CONFLICT (provider) DO UPDATE SET models = excluded.models, listed_at = excluded.listed_at`,
        [connection, JSON.stringify(models)],
      );
    },
  };
}
