import type { AuditEntry, AuditLog, AuditMark, AuditVerdict, StoredAuditEntry } from '../audit-log.ts';
import { auditHash } from '../audit/audit-hash.ts';
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

/** The audit log on PostgreSQL. */
export function createPostgresAuditLog(database: Database): AuditLog {
  return {
    append: (entries) =>
      database.transaction(async (connection) => {
        const head = await lockHead(connection);
        const added = chain(head, entries);
        const newest = added.at(-1);
        if (!newest) return { seq: head.seq, hash: head.hash };
        insert(connection, added);
        connection.send({
          name: 'audit-newest',
          text: "UPDATE audit_head SET seq = $1, hash = decode($2, 'hex')",
          values: [newest.seq, newest.hash],
        });
        return { seq: newest.seq, hash: newest.hash };
      }),

    async verify(expected) {
      const [head] = await database.query<HeadRow>(HEAD);
      if (!head) return { intact: false, seq: 0, problem: 'The head of the log is missing.' };
      return verifyChain(database, head, expected);
    },

    prune: (time) =>
      database.transaction(async (connection) => {
        await lockHead(connection);
        await connection.query("SELECT set_config('managed_agent.audit_prune', 'on', true)");
        const { rows } = await connection.query<{ seq: number; hash: string }>(
          `SELECT seq, encode(hash, 'hex') AS hash FROM audit_log WHERE at < to_timestamp($1 / 1000.0)
            ORDER BY seq DESC LIMIT 1`,
          [time],
        );
        const last = rows[0];
        if (!last) return 0;
        await connection.query("UPDATE audit_head SET base_seq = $1, base_hash = decode($2, 'hex')", [
          last.seq,
          last.hash,
        ]);
        const removed = await connection.query('DELETE FROM audit_log WHERE seq <= $1', [last.seq]);
        return removed.rowCount ?? 0;
      }),
  };
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
  database: Database,
  head: HeadRow,
  expected: AuditMark | undefined,
): Promise<AuditVerdict> {
  let last: AuditMark = { seq: head.base_seq, hash: head.base_hash };
  const broken = (seq: number, problem: string): AuditVerdict => ({ intact: false, seq, problem });
  while (last.seq < head.seq) {
    const page = await database.query<StoredAuditEntry>(
      `SELECT ${COLUMNS} FROM audit_log WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT ${PAGE}`,
      [last.seq, head.seq],
    );
    if (page.length === 0) return broken(last.seq + 1, 'Entries are missing at the end.');
    for (const entry of page) {
      if (entry.seq !== last.seq + 1) return broken(last.seq + 1, 'The entry is missing.');
      if (auditHash(last.hash, entry) !== entry.hash) {
        return broken(entry.seq, 'The entry, or one before it, is not what was written.');
      }
      last = { seq: entry.seq, hash: entry.hash };
      if (expected?.seq === last.seq && expected.hash !== last.hash) {
        return broken(last.seq, 'The entry has another hash than the one that was kept elsewhere.');
      }
    }
  }
  if (last.hash !== head.hash)
    return broken(head.seq, 'The newest entry is not the one that the head names.');
  if (expected && expected.seq > head.seq) {
    return broken(head.seq + 1, `Entries up to ${expected.seq}, which was kept elsewhere, are missing.`);
  }
  return { intact: true, entries: head.seq - head.base_seq, newest: last };
}
