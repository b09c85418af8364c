import type { AuditEntry } from '../audit-log.ts';

/** The entry that says which others were removed after their time. */
export function removalEntry(first: number, last: number): AuditEntry {
  return {
    workspaceId: '',
    keyId: null,
    requestId: '',
    operation: 'removeAuditEntries',
    method: '',
    path: '',
    status: 200,
    resource: `entries ${first} to ${last}`,
    address: null,
  };
}
