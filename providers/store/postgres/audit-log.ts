import type {
  AuditEntry,
  AuditLog,
  AuditMark,
  AuditProblem,
  AuditVerdict,
  StoredAuditEntry,
} from '../audit-log.ts';
import { auditHash } from '../audit/audit-hash.ts';
import { removalEntry, removedUpTo } from '../audit/service-entry.ts';
import { readEntries } from './audit/read-entries.ts';
import type { Connection, Database } from './database.ts';

interface HeadRow {
  seq: number;
  hash: string;
  base_seq: number;
  base_hash: string;
  clock: number;
}

const HEAD = `SELECT seq, encode(hash, 'hex') AS hash, base_seq, encode(base_hash, 'hex') AS base_hash,
  floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock FROM audit_head`;
const COLUMNS = `seq, at, workspace_id AS "workspaceId", key_id AS "keyId", request_id AS "requestId", operation, method, path,
  status, resource, address, encode(hash, 'hex') AS hash`;
const PAGE = 5_000;
const MISSING = 'The entry is missing.';

/** The audit log on PostgreSQL. */
export function createPostgresAuditLog(database: Database): AuditLog {
  return {
    append: (entries) =>
      database.transaction(async (connection) => {
        const head = await lockHead(connection);
        return store(connection, chain(head, entries)) ?? { seq: head.seq, hash: head.hash };
      }),

    verify: (expected, onProblem) =>
      database.patient.transaction(async (connection) => {
        // One moment of the log, whatever is added or removed meanwhile.
        connection.send('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        const { rows } = await connection.query<HeadRow>(HEAD);
        return verifyChain(connection, rows[0], expected, onProblem);
      }),

    read: readEntries(database.patient),

    async prune(time) {
      const begun = await database.patient.transaction(async (connection) => {
        const last = await announceRemoval(connection, time);
        return last && { last, removed: await removeSome(connection, last.seq) };
      });
      if (begun === null) return null;
      let entries = begun.removed;
      for (let { removed } = begun; removed >= PAGE; entries += removed) {
        removed = await database.patient.transaction(async (connection) =>
          removeSome(connection, begun.last.seq),
        );
      }
      return { entries, last: begun.last };
    },
  };
}

/** Adds the entry that says what is to be removed, and returns the last of that. Null: nothing is. */
async function announceRemoval(connection: Connection, time: number): Promise<AuditMark | null> {
  const head = await lockHead(connection);
  const { rows } = await connection.query<AuditMark>(
    `SELECT seq, encode(hash, 'hex') AS hash FROM audit_log WHERE at < to_timestamp($1 / 1000.0)
      ORDER BY at DESC, seq DESC LIMIT 1`,
    [time],
  );
  const last = rows[0];
  if (!last) return null;
  store(connection, chain(head, [removalEntry(head.base_seq + 1, last.seq)]));
  return last;
}

/** Removes the oldest entries, up to `last`, and not so many that others wait for long. Returns how many. */
async function removeSome(connection: Connection, last: number): Promise<number> {
  await lockHead(connection);
  await connection.query("SELECT set_config('managed_agent.audit_prune', 'on', true)");
  const { rows } = await connection.query<AuditMark>(
    `SELECT seq, encode(hash, 'hex') AS hash
      FROM (SELECT seq, hash FROM audit_log WHERE seq <= $1 ORDER BY seq LIMIT ${PAGE}) AS oldest ORDER BY seq DESC LIMIT 1`,
    [last],
  );
  const end = rows[0];
  if (!end) return 0;
  await connection.query("UPDATE audit_head SET base_seq = $1, base_hash = decode($2, 'hex')", [
    end.seq,
    end.hash,
  ]);
  const removed = await connection.query('DELETE FROM audit_log WHERE seq <= $1', [end.seq]);
  return removed.rowCount ?? 0;
}

async function lockHead(connection: Connection): Promise<HeadRow> {
  const { rows } = await connection.query<HeadRow>({ name: 'audit-head', text: `${HEAD} FOR UPDATE` });
  const head = rows[0];
  if (!head) throw new Error('the head of the audit log is missing');
  return head;
}

function chain(head: HeadRow, entries: readonly AuditEntry[]): StoredAuditEntry[] {
  let { seq, hash } = head;
  return entries.map((entry) => {
    const placed = { ...entry, seq: ++seq, at: head.clock };
    hash = auditHash(hash, placed);
    return { ...placed, hash };
  });
}

/** Adds entries, and says where the log then stands; null where there are none. */
function store(connection: Connection, added: readonly StoredAuditEntry[]): AuditMark | null {
  const newest = added.at(-1);
  if (!newest) return null;
  insert(connection, added);
  connection.send({
    name: 'audit-newest',
    text: "UPDATE audit_head SET seq = $1, hash = decode($2, 'hex')",
    values: [newest.seq, newest.hash],
  });
  return { seq: newest.seq, hash: newest.hash };
}

function insert(connection: Connection, entries: readonly StoredAuditEntry[]): void {
  const column = <Value>(value: (entry: StoredAuditEntry) => Value) => entries.map(value);
  connection.send({
    name: 'audit-insert',
    text: `INSERT INTO audit_log (seq, at, workspace_id, key_id, request_id, operation, method, path, status, resource, address, hash)
      SELECT e.seq, to_timestamp(e.at / 1000.0), e.workspace_id, e.key_id, e.request_id, e.operation, e.method, e.path, e.status,
        e.resource, e.address, decode(e.hash, 'hex')
      FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
        $10::text[], $11::text[], $12::text[])
        AS e (seq, at, workspace_id, key_id, request_id, operation, method, path, status, resource, address, hash)`,
    values: [
      column((entry) => entry.seq),
      column((entry) => entry.at),
      column((entry) => entry.workspaceId),
      column((entry) => entry.keyId),
      column((entry) => entry.requestId),
      column((entry) => entry.operation),
      column((entry) => entry.method),
      column((entry) => entry.path),
      column((entry) => entry.status),
      column((entry) => entry.resource),
      column((entry) => entry.address),
      column((entry) => entry.hash),
    ],
  });
}

async function verifyChain(
  connection: Connection,
  head: HeadRow | undefined,
  expected: AuditMark | undefined,
  onProblem: (found: AuditProblem) => void = () => undefined,
): Promise<AuditVerdict> {
  const found: { first: AuditProblem | null } = { first: null };
  const report = (seq: number, problem: string) => {
    if (found.first === null || seq < found.first.seq) found.first = { seq, problem };
    onProblem({ seq, problem });
  };
  if (!head) report(0, 'The head of the log is missing.');
  const base: AuditMark = { seq: head?.base_seq ?? 0, hash: head?.base_hash ?? '' };
  compare(base, expected, report);

  let last = base;
  let removed = 0;
  // Unknown after a gap: what follows it can only be checked from the entry after.
  let previous: string | null = base.hash;
  for (let seq = Number.MIN_SAFE_INTEGER; ;) {
    const page = await connection.query<StoredAuditEntry>(
      `SELECT ${COLUMNS} FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT ${PAGE}`,
      [seq],
    );
    for (const entry of page.rows) {
      seq = entry.seq;
      if (seq <= base.seq) {
        report(seq, 'The entry stands before the one where the log begins.');
        continue;
      }
      if (head && seq > head.seq) report(seq, 'The entry stands after the newest that the head names.');
      if (seq !== last.seq + 1) {
        report(last.seq + 1, seq === last.seq + 2 ? MISSING : `Entries up to ${seq - 1} are missing.`);
        previous = null;
      }
      if (previous !== null && auditHash(previous, entry) !== entry.hash) {
        report(seq, 'The entry, or the hash of the one before it, is not what was written.');
      }
      removed = Math.max(removed, removedUpTo(entry));
      previous = entry.hash;
      last = { seq, hash: entry.hash };
      compare(last, expected, report);
      if (seq === head?.seq && entry.hash !== head.hash)
        report(seq, 'The head names another hash of the entry.');
    }
    if (page.rows.length < PAGE) break;
  }
  if (head && last.seq < head.seq) {
    report(last.seq + 1, `Entries up to ${head.seq}, which the head names, are missing at the end.`);
  } else if (head?.seq === base.seq && head.hash !== base.hash) {
    report(head.seq, 'The newest entry is not the one that the head names.');
  }
  if (removed < base.seq) {
    report(
      base.seq,
      'The log begins behind this entry, and no entry says that it was removed after its time.',
    );
  }
  const newest = Math.max(last.seq, head?.seq ?? 0);
  if (expected && expected.seq > newest) {
    report(newest + 1, `Entries up to ${expected.seq}, which was kept elsewhere, are missing.`);
  }
  if (found.first !== null) return { intact: false, ...found.first };
  const isCompared = expected === undefined || expected.seq >= base.seq;
  return { intact: true, entries: last.seq - base.seq, newest: last, isCompared };
}

function compare(
  place: AuditMark,
  expected: AuditMark | undefined,
  report: (seq: number, problem: string) => void,
): void {
  if (expected?.seq === place.seq && expected.hash !== place.hash) {
    report(place.seq, 'The entry has another hash than the one that was kept elsewhere.');
  }
}
