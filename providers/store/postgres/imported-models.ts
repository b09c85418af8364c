import type { ModelProviderKind } from '../../../core/models/model-entry.ts';
import type { ModelSetting } from '../../../core/models/model-setting.ts';
import type { ImportedModels } from '../imported-models.ts';
import type { Database } from './database.ts';

/** Imported models on PostgreSQL: one row per provider. */
export function createPostgresImportedModels(database: Database): ImportedModels {
  return {
    async read(providers) {
      const rows = await database.query<{ provider: ModelProviderKind; models: ModelSetting[] }>(
        'SELECT provider, models FROM imported_models WHERE provider = ANY ($1)',
        [providers],
        'imported-models',
      );
      return providers.flatMap((provider) => rows.find((row) => row.provider === provider)?.models ?? []);
    },

    async write(provider, models) {
      await database.query(
        `INSERT INTO imported_models (provider, models, listed_at) VALUES ($1, $2, clock_timestamp())
          ON CONFLICT (provider) DO UPDATE SET models = excluded.models, listed_at = excluded.listed_at`,
        [provider, JSON.stringify(models)],
      );
    },
  };
}
