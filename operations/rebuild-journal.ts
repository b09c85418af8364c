import { loadConfig, readHostEnvironment, type Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { compareJournals } from '../core/operations/compare-journals.ts';
import { rebuildJournal } from '../core/operations/rebuild-journal.ts';
import { createSessionHistory } from '../providers/engine/session-history.ts';
import { createPostgresJournalArchive } from '../providers/store/postgres/restore-journal.ts';
import { createLogger } from '../providers/telemetry/logger.ts';
import { openBlobs } from '../wiring/blob-store.ts';
import { withStoreUrl, withTemporalAddress } from '../wiring/command-store.ts';
import { temporalClient } from '../wiring/connect-temporal.ts';
import { openStore } from '../wiring/open-store.ts';
import { auditCommand } from './audit-command.ts';
import { commandArguments, onePositional } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';

/**
 * `npm run rebuild-journal -- SESSION_ID`: compares a session's journal with what Temporal's histories of it say, and with `--write` adds the rows that the journal lacks.
 * Exits with 1 when the two contradict each other, or when rows are missing and were not written.
 */
const USAGE = 'Usage: npm run rebuild-journal -- SESSION_ID [--write] [--config FILE]';
const OPTIONS = { config: { type: 'string' }, write: { type: 'boolean', default: false } } as const;
const { sessionId, ...values } = commandArguments(USAGE, OPTIONS, (given, positionals) => {
  const id = onePositional(positionals, 'the id of a session');
  if (!isId('session', id)) throw new Error(`${id}: expected the id of a session.`);
  return { ...given, sessionId: id };
});
await operatorsCommand(async () => {
  const config = withTemporalAddress(
    loadConfig({ ...(values.config === undefined ? {} : { file: values.config }), part: 'command' }),
  );
  await withStoreUrl(config, readHostEnvironment(), console.log, async (url) =>
    compare({ ...config, store: { ...config.store, url } }),
  );
});

async function compare(config: Config): Promise<void> {
  const { signal } = new AbortController();
  const database = await openStore(config, createLogger(config.log, 'rebuild-journal'), signal);
  const client = temporalClient(config);
  try {
    const archive = createPostgresJournalArchive(database);
    const owner = await archive.owner(sessionId);
    if (!owner) throw new AppError('not_found', `There is no session ${sessionId}.`);
    const history = createSessionHistory(client, (await openBlobs(config)).blobs);
    const runs = await history.runs(sessionId);
    const { rows, conflicts, state } = rebuildJournal(await history.facts(owner, runs));
    const { missing, different, unknown } = compareJournals(rows, await archive.rows(owner));
    console.log(`${runs.length} runs tell of ${rows.length} events.`);
    for (const conflict of conflicts) console.log(`Histories contradict each other: ${conflict}.`);
    for (const id of different) console.log(`The journal holds another ${id} than history.`);
    if (unknown.length > 0)
      console.log(`Histories do not know ${unknown.length} events: ${unknown.join(', ')}.`);
    for (const row of missing)
      console.log(`The journal lacks ${row.id} (${row.type}, seq ${row.seq ?? 'waiting'}).`);
    const added = values.write ? await archive.add(owner, missing, state) : 0;
    if (added > 0) {
      const { workspaceId } = owner;
      const did = { command: 'rebuild-journal', operation: 'rebuildJournal', resource: sessionId };
      await auditCommand(database, { ...did, workspaceId });
      console.log(`${added} events were added.`);
    }
    if (conflicts.length + different.length > 0 || added < missing.length) process.exitCode = 1;
  } finally {
    await Promise.all([client.connection.close(), database.close()]);
  }
}
