import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig, readHostEnvironment } from '../config.ts';
import { copyBlobs } from '../providers/blob/copy-blobs.ts';
import { createFilesystemBlobStore } from '../providers/blob/filesystem.ts';
import { restoreDatabase } from '../providers/store/postgres/backup.ts';
import { storedBlobs } from '../wiring/blob-store.ts';
import { withSchemaOwner } from '../wiring/command-store.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run restore -- FOLDER`: puts a backup back: the blobs, then PostgreSQL, which must be empty unless `--replace` gives up what it
 * holds. Temporal needs no backup: sessions go on from the journal, whatever their workflows remember.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { config: { type: 'string' }, replace: { type: 'boolean', default: false } },
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  console.error('Usage: npm run restore -- FOLDER [--replace] [--config FILE]');
  process.exit(2);
}
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
    return restoreDatabase(url, source, values.replace ? 'replace' : 'empty');
  });
  for (const { name, rows } of tables) say(`  ${name}: ${rows} rows`);
  say(`The state of ${at} is back.`);
});
