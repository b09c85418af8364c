import { loadConfig, readHostEnvironment } from '../config.ts';
import { openDatabase } from '../providers/store/postgres/database.ts';
import { migrate, schemaState } from '../providers/store/postgres/migrate.ts';
import { withSchemaOwner } from '../wiring/command-store.ts';
import { auditCommand } from './audit-command.ts';
import { commandArguments, refusePositionals } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run migrate [-- --check]`: brings the schema of the store to the one that this version needs, with the role of `store.migrate_url`, so
 * that the service itself needs no right to change it. `--check` changes nothing, and ends with 3 when something is missing.
 */
const USAGE = 'Usage: npm run migrate [-- --check] [--config FILE]';
const BEHIND = 3;

const OPTIONS = { check: { type: 'boolean' }, config: { type: 'string' } } as const;
const { check, config: file } = commandArguments(USAGE, OPTIONS, (values, positionals) => {
  refusePositionals(positionals);
  return values;
});
const say = (line: string): void => console.log(line);
await operatorsCommand(async () => {
  const config = loadConfig({ ...(file === undefined ? {} : { file }), part: 'command' });
  await withSchemaOwner(config, readHostEnvironment(), say, async (url) => {
    const database = openDatabase({ url, maximum: 1 });
    try {
      const { missing, newer } = await schemaState(database);
      if (newer.length > 0) say(`The schema is of a newer version, which made ${newer.join(', ')}.`);
      if (check) {
        for (const name of missing) say(`${name} is missing.`);
        if (missing.length > 0) process.exitCode = BEHIND;
      } else {
        const applied = await migrate(database);
        for (const name of applied) say(`${name} was applied.`);
        const did = { command: 'migrate', operation: 'migrateSchema', resource: applied.join(' ') };
        if (applied.length > 0) await auditCommand(database, did);
      }
      if (missing.length === 0) say('The schema has everything that this version needs.');
    } finally {
      await database.close();
    }
  });
});
