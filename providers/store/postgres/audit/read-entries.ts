import { AppError } from '../../../../core/errors.ts';
import type { AuditFilter, AuditLog, ChainedAuditEntry } from '../../audit-log.ts';
import type { Database } from '../database.ts';

/** Entries that one statement looks at: however few of them are asked for, none takes long. */
const SPAN = 10_000;

const BOUNDS = `SELECT head.base_seq AS base, head.seq AS newest, range.first, range.last FROM audit_head AS head,
  LATERAL (SELECT min(seq) AS first, max(seq) AS last FROM audit_log
    WHERE ($1::bigint IS NOT NULL OR $2::bigint IS NOT NULL)
      AND ($1::bigint IS NULL OR at >= to_timestamp($1 / 1000.0))
      AND ($2::bigint IS NULL OR at < to_timestamp($2 / 1000.0))) AS range`;

const entriesIn = (order: 'asc' | 'desc') => `SELECT e.seq, e.at, e.workspace_id AS "workspaceId",
  e.key_id AS "keyId", e.request_id AS "requestId", e.operation, e.method, e.path, e.status, e.resource, e.address,
  encode(e.hash, 'hex') AS hash,
  encode(CASE WHEN e.seq = head.base_seq + 1 THEN head.base_hash ELSE previous.hash END, 'hex') AS "previousHash"
  FROM audit_head AS head, audit_log AS e LEFT JOIN audit_log AS previous ON previous.seq = e.seq - 1
  WHERE e.seq BETWEEN $1 AND $2
    AND ($4::bigint IS NULL OR e.at >= to_timestamp($4 / 1000.0))
    AND ($5::bigint IS NULL OR e.at < to_timestamp($5 / 1000.0))
    AND ($6::text IS NULL OR e.workspace_id = $6)
    AND ($7::text IS NULL OR e.key_id = $7)
    AND ($8::text IS NULL OR e.operation = $8)
    AND ($9::text IS NULL OR $9 = ANY (string_to_array(e.resource, ' ')) OR $9 = ANY (string_to_array(e.path, '/')))
    AND ($10::int IS NULL OR e.status = $10)
    AND ($11::text IS NULL OR e.address = $11)
  ORDER BY e.seq ${order} LIMIT $3`;

interface Bounds {
  base: number;
  newest: number;
  /** Of the asked time; null where none was, or there is none in it. */
  first: number | null;
  last: number | null;
}

/**
 * Reads the log in spans of its numbers, each in a statement of its own: nothing is held for a reader that is slow, and a replica that
 * follows its primary cancels none.
 */
export function readEntries(database: Pick<Database, 'query'>): AuditLog['read'] {
  return async function* read(filter, { order, after, atOnce }) {
    const { from = null, until = null } = filter;
    const [bounds] = await database.query<Bounds>(BOUNDS, [from, until]);
    if (!bounds) return;
    const { base, newest, first, last } = bounds;
    const isTimed = from !== null || until !== null;
    if (isTimed && first === null) return;
    let low = Math.max(base + 1, first ?? 0);
    let high = Math.min(newest, last ?? newest);
    if (after !== undefined && order === 'asc') low = Math.max(low, after + 1);
    if (after !== undefined && order === 'desc') high = Math.min(high, after - 1);
    const text = entriesIn(order);
    while (low <= high) {
      const span =
        order === 'asc' ? [low, Math.min(high, low + SPAN - 1)] : [Math.max(low, high - SPAN + 1), high];
      const found = await database.query<ChainedAuditEntry>(text, [...span, atOnce, ...valuesOf(filter)]);
      if (order === 'asc') await refuseRemoved(database, base, low);
      const end = found.length === atOnce ? found.at(-1)?.seq : undefined;
      if (order === 'asc') low = (end ?? Math.min(high, low + SPAN - 1)) + 1;
      else high = (end ?? Math.max(low, high - SPAN + 1)) - 1;
      if (found.length > 0) yield found;
    }
  };
}

/** An export that lacks the part that was removed while it was made would look as if somebody had cut it out. */
async function refuseRemoved(database: Pick<Database, 'query'>, base: number, low: number): Promise<void> {
  const [head] = await database.query<{ base: number }>('SELECT base_seq AS base FROM audit_head');
  if (head && head.base > base && head.base >= low) {
    throw new AppError(
      'conflict',
      `Entries up to ${head.base} were removed, after their time, while they were read. Read the log again.`,
    );
  }
}

function valuesOf(filter: AuditFilter): unknown[] {
  const { from, until, workspaceId, keyId, operation, resource, status, address } = filter;
  return [from, until, workspaceId, keyId, operation, resource, status, address].map(
    (value) => value ?? null,
  );
}
