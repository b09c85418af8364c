import type { Logger } from 'pino';
import { createAuditTrail, type AuditTrail } from '../api/audit/audit-trail.ts';
import type { AuditLog } from '../providers/store/audit-log.ts';

/** Where the api's requests leave their audit entries. */
export function auditTrail(audit: AuditLog, log: Logger): AuditTrail {
  return createAuditTrail({
    log: audit,
    onProblem: (error, entries, fate) =>
      log.error({ err: error, audit_entries: entries, fate }, 'audit entries could not be stored'),
    onMark: ({ seq, hash }) => log.info({ audit_seq: seq, audit_hash: hash }, 'the audit log stands here'),
  });
}
