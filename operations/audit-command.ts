import { hostname, userInfo } from 'node:os';
import { serviceEntry } from '../providers/store/audit/service-entry.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import type { Database } from '../providers/store/postgres/database.ts';

/**
 * Leaves an entry in the audit log of what an operator's command did, with the account that ran it.
 *
 * @param did.command - as `npm run` knows it.
 */
export async function auditCommand(
  database: Database,
  did: { command: string; operation: string; resource: string; workspaceId?: string },
): Promise<void> {
  const { command, operation, ...what } = did;
  const account = process.env['SUDO_USER'] ?? userInfo().username;
  const by = `npm run ${command} (${account}@${hostname()})`;
  await createPostgresAuditLog(database).append([serviceEntry(operation, { ...what, by })]);
}
