import { z } from 'zod';
import type { ChainedAuditEntry } from '../audit-log.ts';

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** An entry as people and programs get it: an object of the API, and a line of an export. */
export const AuditRecord = z
  .object({
    type: z.literal('audit_entry'),
    seq: z.int(),
    created_at: z.iso.datetime(),
    workspace_id: z.string(),
    key_id: z.string().nullable(),
    request_id: z.string(),
    operation: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int(),
    resource: z.string().nullable(),
    address: z.string().nullable(),
    previous_hash: Hash.or(z.literal('')).nullable(),
    hash: Hash,
  })
  .meta({ id: 'AuditEntry' });
export type AuditRecord = z.output<typeof AuditRecord>;

export function toAuditRecord(entry: ChainedAuditEntry): AuditRecord {
  return {
    type: 'audit_entry',
    seq: entry.seq,
    created_at: new Date(entry.at).toISOString(),
    workspace_id: entry.workspaceId,
    key_id: entry.keyId,
    request_id: entry.requestId,
    operation: entry.operation,
    method: entry.method,
    path: entry.path,
    status: entry.status,
    resource: entry.resource,
    address: entry.address,
    previous_hash: entry.previousHash,
    hash: entry.hash,
  };
}

/** The entry that a record shows. */
export function fromAuditRecord(record: AuditRecord): ChainedAuditEntry {
  return {
    seq: record.seq,
    at: Date.parse(record.created_at),
    workspaceId: record.workspace_id,
    keyId: record.key_id,
    requestId: record.request_id,
    operation: record.operation,
    method: record.method,
    path: record.path,
    status: record.status,
    resource: record.resource,
    address: record.address,
    previousHash: record.previous_hash,
    hash: record.hash,
  };
}

/** Entries as lines of JSON. */
export async function* auditLines(read: AsyncIterable<ChainedAuditEntry[]>): AsyncGenerator<string> {
  for await (const entries of read) {
    yield entries.map((entry) => `${JSON.stringify(toAuditRecord(entry))}\n`).join('');
  }
}
