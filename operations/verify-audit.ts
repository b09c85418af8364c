import { createReadStream, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AppError } from '../core/errors.ts';
import type { AuditLog, AuditMark, AuditProblem } from '../providers/store/audit-log.ts';
import { markText, parseMark } from '../providers/store/audit/audit-mark.ts';
import { verifyLines } from '../providers/store/audit/verify-lines.ts';
import { commandArguments, refusePositionals } from './command-arguments.ts';
import { sayError } from './operators-command.ts';
import { withAuditLog } from './with-audit-log.ts';

/**
 * `npm run verify-audit [-- --mark SEQ:HASH] [--keep FILE]`: reads the whole audit log, says what is not as it was written, and where the log
 * stands, to be kept elsewhere and given again the next time. `--keep` reads that from a file and writes it there. `--file EXPORT`, which
 * may be given several times, checks what `npm run audit -- --export` or the api's `/audit/export` wrote, without the database; `--filtered`
 * when not all entries were asked for.
 *
 * Exits with 0 when the log is intact, 1 when it is not, 2 for wrong arguments, 3 when it could not be read, or not compared because what was
 * kept is not in it.
 */
const USAGE =
  'Usage: npm run verify-audit [-- --mark SEQ:HASH | --keep FILE] [--file EXPORT ... [--filtered]] [--config FILE]';
/** Problems that are printed one by one. */
const PRINTED = 1_000;

const COULD_NOT = 3;

// Whoever reads the output may have seen enough; how the command ends is still what it has found.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exit(COULD_NOT);
});
const { mark, keep, file: files, filtered, config } = readArguments();
try {
  process.exitCode = await verify();
} catch (error) {
  sayError(error);
  process.exitCode = COULD_NOT;
}

function readArguments() {
  const options = {
    mark: { type: 'string' },
    keep: { type: 'string' },
    file: { type: 'string', multiple: true },
    filtered: { type: 'boolean' },
    config: { type: 'string' },
  } as const;
  return commandArguments(USAGE, options, (values, positionals) => {
    refusePositionals(positionals);
    if (values.mark !== undefined && (values.keep !== undefined || parseMark(values.mark) === null)) {
      throw new Error('--mark: expected SEQ:HASH as this command prints it, and not together with --keep.');
    }
    if (values.filtered === true && values.file === undefined) {
      throw new Error('--filtered: goes with --file; the log itself has no gaps.');
    }
    return values;
  });
}

function expectedMark(): AuditMark | undefined {
  if (mark !== undefined) return parseMark(mark) ?? undefined;
  if (keep === undefined || !existsSync(keep)) return undefined;
  const kept = parseMark(readFileSync(keep, 'utf8'));
  if (kept === null)
    throw new AppError('bad_config', `${keep}: expected SEQ:HASH as this command writes it.`);
  return kept;
}

async function verify(): Promise<number> {
  const expected = expectedMark();
  if (files !== undefined) return verifyFiles(files, expected);
  return withAuditLog(config, console.log, async (log) => report(log, expected));
}

/** Checks an export, in one file or in several that follow each other, without the database. */
async function verifyFiles(names: readonly string[], expected: AuditMark | undefined): Promise<number> {
  const absent = names.find((name) => !existsSync(name));
  if (absent !== undefined) throw new AppError('bad_config', `--file: there is no ${absent}.`);
  const print = printer();
  const { entries, problems, first, last, isCompared } = await verifyLines(linesOf(names), {
    expected,
    hasGaps: filtered === true,
    onProblem: print.problem,
  });
  print.rest();
  if (problems > 0) {
    console.log(`What was exported is not what was written: ${problems} problems in ${entries} entries.`);
    return 1;
  }
  if (first === null || last === null) {
    console.log('There are no entries.');
    return expected === undefined ? 0 : 3;
  }
  console.log(`All ${entries} entries, ${first.seq} to ${last.seq}, are as they were written.`);
  if (expected !== undefined && !isCompared) {
    console.log(`They cannot be compared with ${expected.seq}, which was kept: it is not among them.`);
    return 3;
  }
  console.log(`The last is ${markText(last)}`);
  if (keep !== undefined) write(keep, markText(last));
  return 0;
}

async function* linesOf(names: readonly string[]): AsyncGenerator<string> {
  for (const name of names) yield* createInterface({ input: createReadStream(name), crlfDelay: Infinity });
}

function printer(): { problem: (found: AuditProblem) => void; rest: () => void } {
  let problems = 0;
  return {
    problem({ seq, problem }) {
      problems += 1;
      if (problems <= PRINTED) console.log(`Entry ${seq}: ${problem}`);
    },
    rest: () => {
      if (problems > PRINTED) console.log(`And ${problems - PRINTED} more.`);
    },
  };
}

async function report(audit: Pick<AuditLog, 'verify'>, expected: AuditMark | undefined): Promise<number> {
  const print = printer();
  let problems = 0;
  const verdict = await audit.verify(expected, (found) => {
    problems += 1;
    print.problem(found);
  });
  print.rest();
  if (!verdict.intact) {
    console.log(`The audit log was changed: ${problems} problems, the first at entry ${verdict.seq}.`);
    return 1;
  }
  const { newest, entries } = verdict;
  const text = markText(newest);
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
