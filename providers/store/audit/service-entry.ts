import type { AuditEntry } from '../audit-log.ts';

const REMOVAL = 'removeAuditEntries';

/**
 * An entry of what the service itself did, or what somebody did on its machine: no request asked for it.
 *
 * @param of.by - the command or signal, and whose it was; empty: the service's own upkeep.
 */
export function serviceEntry(
  operation: string,
  of: { resource: string; workspaceId?: string; by?: string },
): AuditEntry {
  return {
    workspaceId: of.workspaceId ?? '',
    keyId: null,
    requestId: '',
    operation,
    method: '',
    path: of.by ?? '',
    status: 200,
    resource: of.resource,
    address: null,
  };
}

/** The entry that says which others were removed after their time. */
export function removalEntry(first: number, last: number): AuditEntry {
  return serviceEntry(REMOVAL, { resource: `entries ${first} to ${last}` });
}

/** The last entry that was removed, where an entry says so; otherwise 0. */
export function removedUpTo({ operation, resource }: AuditEntry): number {
  if (operation !== REMOVAL) return 0;
  const [, last] = /^entries \d{1,15} to (\d{1,15})$/.exec(resource ?? '') ?? [];
  return Number(last ?? 0);
}
