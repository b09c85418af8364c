import path from 'node:path';
import { loadConfig, readHostEnvironment } from '../config.ts';
import { copyBlobs } from '../providers/blob/copy-blobs.ts';
import { createFilesystemBlobStore } from '../providers/blob/filesystem.ts';
import { restoreDatabase } from '../providers/store/postgres/backup.ts';
import { openDatabase } from '../providers/store/postgres/database.ts';
import { storedBlobs } from '../wiring/blob-store.ts';
import { withSchemaOwner } from '../wiring/command-store.ts';
import { auditCommand } from './audit-command.ts';
import { commandArguments, onePositional } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run restore -- FOLDER`: puts a backup back: the blobs, then PostgreSQL, which must be empty unless `--replace` gives up what it
 * holds. Temporal needs no backup: sessions go on from the journal, whatever their workflows remember.
 */
const USAGE = 'Usage: npm run restore -- FOLDER [--replace] [--config FILE]';
const OPTIONS = {
  config: { type: 'string' },
  replace: { type: 'boolean', default: false },
} as const;
const { folder, ...values } = commandArguments(USAGE, OPTIONS, (given, positionals) => ({
  ...given,
  folder: onePositional(positionals, 'the folder of a backup'),
}));
const say = (line: string): void => console.log(line);
await operatorsCommand(async () => {
  const config = loadConfig({
    ...(values.config === undefined ? {} : { file: values.config }),
    part: 'command',
  });
  const source = path.resolve(folder);
  const { tables, taken_at: at } = await withSchemaOwner(config, readHostEnvironment(), say, async (url) => {
    // Blobs first: a row must not be there before what it refers to.
    const { copied, present } = await copyBlobs(
      createFilesystemBlobStore(path.join(source, 'blobs')),
      await storedBlobs(config),
    );
    say(`  blobs: ${copied} copied, ${present} were there`);
    const restored = await restoreDatabase(url, source, values.replace ? 'replace' : 'empty');
    const database = openDatabase({ url, maximum: 1 });
    try {
      const resource = `backup of ${restored.taken_at}`;
      await auditCommand(database, { command: 'restore', operation: 'restoreBackup', resource });
    } finally {
      await database.close();
    }
    return restored;
  });
  for (const { name, rows } of tables) say(`  ${name}: ${rows} rows`);
  say(`The state of ${at} is back.`);
});
