import { configFileOf, loadConfig, readHostEnvironment } from '../config.ts';
import { createPostgresUpkeep } from '../providers/store/postgres/upkeep.ts';
import { createLogger } from '../providers/telemetry/logger.ts';
import { withStoreUrl } from '../wiring/command-store.ts';
import { connectTemporal } from '../wiring/connect-temporal.ts';
import { openStore } from '../wiring/open-store.ts';
import { auditCommand } from './audit-command.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run adopt-temporal`: says that the configured Temporal is now the one that this store belongs to. Its sessions go on from the
 * journal.
 */
await operatorsCommand(async () => {
  const config = loadConfig({ ...configFileOf(), part: 'command' });
  const log = createLogger(config.log, 'adopt-temporal');
  const { signal } = new AbortController();
  await withStoreUrl(config, readHostEnvironment(), console.log, async (url) => {
    const database = await openStore({ ...config, store: { ...config.store, url } }, log, signal);
    try {
      const managed = { ...config, temporal: { ...config.temporal, managed: true } };
      const { client, native } = await connectTemporal(managed, log, createPostgresUpkeep(database), signal);
      const resource = config.temporal.address ?? '';
      await auditCommand(database, { command: 'adopt-temporal', operation: 'adoptTemporal', resource });
      console.log(`This store now belongs to the Temporal at ${resource}.`);
      await Promise.all([native.close(), client.connection.close()]);
    } finally {
      await database.close();
    }
  });
});
