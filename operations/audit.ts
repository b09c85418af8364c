import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../core/errors.ts';
import { canonicalAddress } from '../providers/network/address-set.ts';
import type { AuditFilter, AuditLog, AuditMark, ChainedAuditEntry } from '../providers/store/audit-log.ts';
import { markText } from '../providers/store/audit/audit-mark.ts';
import { auditLines } from '../providers/store/audit/audit-record.ts';
import { commandArguments, refusePositionals } from './command-arguments.ts';
import { operatorsCommand } from './operators-command.ts';
import { withAuditLog } from './with-audit-log.ts';

/**
 * `npm run audit [-- FILTERS] [--last N | --export FILE [--after SEQ]]`: shows the newest entries of the audit log, or writes them all as lines
 * of JSON, which `npm run verify-audit -- --file FILE` checks without the database.
 */
const USAGE = `Usage: npm run audit [-- [--from TIME] [--until TIME] [--key ID] [--workspace ID] [--operation NAME] [--resource ID]
         [--status N] [--address A] [--last N | --export FILE [--after SEQ]] [--config FILE]]
TIME is such as 2026-11-30 or 2026-11-30T12:00:00Z. FILE - is the standard output: npm run --silent audit -- --export -`;
const SHOWN = 50;
const AT_ONCE = 1_000;

const options = {
  from: { type: 'string' },
  until: { type: 'string' },
  key: { type: 'string' },
  workspace: { type: 'string' },
  operation: { type: 'string' },
  resource: { type: 'string' },
  status: { type: 'string' },
  address: { type: 'string' },
  last: { type: 'string' },
  export: { type: 'string' },
  after: { type: 'string' },
  config: { type: 'string' },
} as const;

// Whoever reads the output may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const asked = readArguments();
await operatorsCommand(async () =>
  withAuditLog(asked.config, console.error, async (log) =>
    asked.export === undefined ? show(log, asked.last ?? SHOWN) : write(log, asked.export),
  ),
);

function readArguments() {
  return commandArguments(USAGE, options, (values, positionals) => {
    refusePositionals(positionals);
    if (values.export !== undefined && values.last !== undefined)
      throw new Error('--last: does not go with --export.');
    if (values.after !== undefined && values.export === undefined)
      throw new Error('--after: goes with --export.');
    const filter: AuditFilter = {
      from: timeIn('--from', values.from),
      until: timeIn('--until', values.until),
      keyId: values.key,
      workspaceId: values.workspace,
      operation: values.operation,
      resource: values.resource,
      status: numberIn('--status', values.status, 100, 599),
      address: values.address && canonicalAddress(values.address),
    };
    const last = numberIn('--last', values.last, 1);
    const after = numberIn('--after', values.after);
    return { filter, last, after, export: values.export, config: values.config };
  });
}

function timeIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new Error(`${name}: expected a time such as 2026-11-30T12:00:00Z, got "${text}".`);
  return time;
}

function numberIn(
  name: string,
  text: string | undefined,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most))
    throw new Error(`${name}: expected a whole number from ${least} to ${most}, got "${text}".`);
  return number;
}

/** The newest entries, oldest first, for people. */
async function show(log: AuditLog, count: number): Promise<void> {
  const found: ChainedAuditEntry[] = [];
  for await (const some of log.read(asked.filter, { order: 'desc', atOnce: Math.min(count + 1, AT_ONCE) })) {
    found.push(...some);
    if (found.length > count) break;
  }
  for (const entry of found.slice(0, count).toReversed()) console.log(lineOf(entry));
  if (found.length === 0) console.error('There are no such entries.');
  if (found.length > count) console.error(`These are the newest ${count}; --last says how many are shown.`);
}

function lineOf(entry: ChainedAuditEntry): string {
  const { seq, at, status, keyId, workspaceId, address, operation, method, path, resource } = entry;
  const who = workspaceId === '' ? (keyId ?? '-') : `${keyId ?? '-'}@${workspaceId}`;
  const what = [operation, method, path, resource ?? ''].filter((part) => part !== '').join(' ');
  return `${seq}  ${new Date(at).toISOString()}  ${status}  ${who}  ${address ?? '-'}  ${what}`;
}

/** All entries as lines of JSON. A file is there only when it is whole. */
async function write(log: AuditLog, target: string): Promise<void> {
  const isFile = target !== '-';
  if (isFile && existsSync(target))
    throw new AppError('bad_config', `${target} exists already. Name another file.`);
  let count = 0;
  let last: AuditMark | null = null;
  async function* counted(): AsyncGenerator<ChainedAuditEntry[]> {
    for await (const some of log.read(asked.filter, { order: 'asc', after: asked.after, atOnce: AT_ONCE })) {
      count += some.length;
      last = some.at(-1) ?? last;
      yield some;
    }
  }
  const lines = Readable.from(auditLines(counted()));
  if (!isFile) return pipeline(lines, process.stdout, { end: false });
  await pipeline(lines, createWriteStream(`${target}.new`, { mode: 0o600, flush: true }));
  renameSync(`${target}.new`, target);
  console.log(`${count} entries are in ${target}.`);
  if (last !== null) console.log(`The last is ${markText(last)}`);
}
