import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, readHostEnvironment } from '../config.ts';
import { copyBlobs } from '../providers/blob/copy-blobs.ts';
import { createFilesystemBlobStore } from '../providers/blob/filesystem.ts';
import { saveDatabase } from '../providers/store/postgres/backup.ts';
import { storedBlobs } from '../wiring/blob-store.ts';
import { withStoreUrl } from '../wiring/command-store.ts';
import { commandArguments, onePositional } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run backup -- FOLDER`: saves PostgreSQL and then the blobs, while the service runs or not. Blobs that are in the folder already are
 * not copied again. Encrypted contents stay encrypted: keep the keys elsewhere.
 */
const USAGE = 'Usage: npm run backup -- FOLDER [--config FILE]';
const OPTIONS = { config: { type: 'string' } } as const;
const { folder, ...values } = commandArguments(USAGE, OPTIONS, (given, positionals) => ({
  ...given,
  folder: onePositional(positionals, 'the folder'),
}));
const say = (line: string): void => console.log(line);
await operatorsCommand(async () => {
  const config = loadConfig({
    ...(values.config === undefined ? {} : { file: values.config }),
    part: 'command',
  });
  const target = path.resolve(folder);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const { tables } = await withStoreUrl(config, readHostEnvironment(), say, (url) =>
    saveDatabase(url, target),
  );
  for (const { name, rows } of tables) say(`  ${name}: ${rows} rows`);
  const { copied, present } = await copyBlobs(
    await storedBlobs(config),
    createFilesystemBlobStore(path.join(target, 'blobs')),
  );
  say(`  blobs: ${copied} copied, ${present} were there`);
  say(`The backup in ${target} is whole.`);
});
