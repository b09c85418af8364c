import { createHash } from 'node:crypto';
import type { StoredAuditEntry } from '../audit-log.ts';

/** The hash of an entry that follows one with the hash `previous` (hexadecimal; empty at the beginning). */
export function auditHash(previous: string, entry: Omit<StoredAuditEntry, 'hash'>): string {
  const hashed = [
    previous,
    entry.seq,
    entry.at,
    entry.workspaceId,
    entry.keyId,
    entry.requestId,
    entry.operation,
    entry.method,
    entry.path,
    entry.status,
    entry.resource,
    entry.address,
  ];
  return createHash('sha256').update(JSON.stringify(hashed)).digest('hex');
}
