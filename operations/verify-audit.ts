import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig, readHostEnvironment } from '../config.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { AuditMark, AuditProblem } from '../providers/store/audit-log.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import { createLogger } from '../providers/telemetry/logger.ts';
import { withStoreUrl } from '../wiring/command-store.ts';
import { openStore } from '../wiring/open-store.ts';

/**
 * `npm run verify-audit [-- --mark SEQ:HASH] [--keep FILE]`: reads the whole audit log, says what is not as it was written, and where the log
 * stands, to be kept elsewhere and given again the next time. `--keep` reads that from a file and writes it there.
 *
 * Exits with 0 when the log is intact, 1 when it is not, 2 for wrong arguments, 3 when it could not be read, or not compared because the log
 * begins after what was kept.
 */
const USAGE = 'Usage: npm run verify-audit [-- --mark SEQ:HASH | --keep FILE] [--config FILE]';
/** Problems that are printed one by one. */
const PRINTED = 1_000;

const { mark, keep, config: file } = readArguments();
try {
  process.exitCode = await verify();
} catch (error) {
  console.error(isAppError(error) ? error.message : error);
  process.exitCode = 3;
}

function readArguments(): { mark?: string; keep?: string; config?: string } {
  try {
    const options = {
      mark: { type: 'string' },
      keep: { type: 'string' },
      config: { type: 'string' },
    } as const;
    const { values } = parseArgs({ options });
    if (values.mark !== undefined && (values.keep !== undefined || toMark(values.mark) === null)) {
      throw new Error('--mark: expected SEQ:HASH as this command prints it, and not together with --keep.');
    }
    return values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(USAGE);
    process.exit(2);
  }
}

function toMark(text: string): AuditMark | null {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64}|)$/.exec(text.trim()) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}

function expectedMark(): AuditMark | undefined {
  if (mark !== undefined) return toMark(mark) ?? undefined;
  if (keep === undefined || !existsSync(keep)) return undefined;
  const kept = toMark(readFileSync(keep, 'utf8'));
  if (kept === null)
    throw new AppError('bad_config', `${keep}: expected SEQ:HASH as this command writes it.`);
  return kept;
}

async function verify(): Promise<number> {
  const expected = expectedMark();
  const config = loadConfig({ ...(file === undefined ? {} : { file }), part: 'command' });
  const log = createLogger({ ...config.log, level: 'warn' }, 'verify-audit');
  return withStoreUrl(config, readHostEnvironment(), console.log, async (url) => {
    const database = await openStore(
      { ...config, store: { ...config.store, url } },
      log,
      new AbortController().signal,
    );
    try {
      return await report(createPostgresAuditLog(database), expected);
    } finally {
      await database.close();
    }
  });
}

async function report(
  audit: Pick<ReturnType<typeof createPostgresAuditLog>, 'verify'>,
  expected: AuditMark | undefined,
): Promise<number> {
  let problems = 0;
  const verdict = await audit.verify(expected, ({ seq, problem }: AuditProblem) => {
    problems += 1;
    if (problems <= PRINTED) console.log(`Entry ${seq}: ${problem}`);
  });
  if (problems > PRINTED) console.log(`And ${problems - PRINTED} more.`);
  if (!verdict.intact) {
    console.log(`The audit log was changed: ${problems} problems, the first at entry ${verdict.seq}.`);
    return 1;
  }
  const { newest, entries } = verdict;
  const text = `${newest.seq}:${newest.hash}`;
  console.log(`All ${entries} entries are as they were written.`);
  if (!verdict.isCompared) {
    console.log(
      `It cannot be compared with ${expected?.seq}, which was kept: the log begins after that entry.`,
    );
    return 3;
  }
  console.log(`The audit log stands at ${text}`);
  if (keep === undefined)
    console.log(`Keep that elsewhere, and compare with it: npm run verify-audit -- --mark ${text}`);
  else write(keep, text);
  return 0;
}

/** A file that is cut off would tell of a damage that is none. */
function write(target: string, text: string): void {
  writeFileSync(`${target}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${target}.new`, target);
  console.log(`It is kept in ${target}.`);
}
