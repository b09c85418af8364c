import type { Logger } from 'pino';
import { createAuditTrail, type AuditTrail } from '../api/audit/audit-trail.ts';
import type { Config } from '../config.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { startAuditRetention } from './audit-retention.ts';

/** Where the api's requests leave their audit entries, which go after their time. */
export function openAuditTrail(database: Database, config: Config, log: Logger): AuditTrail {
  const audit = createPostgresAuditLog(database);
  const trail = createAuditTrail({
    log: audit,
    onProblem: (error, entries, fate) =>
      log.error({ err: error, audit_entries: entries, fate }, 'audit entries could not be stored'),
    onMark: ({ seq, hash }) => log.info({ audit_seq: seq, audit_hash: hash }, 'the audit log stands here'),
  });
  const stopRetention = startAuditRetention(audit, config.retention.audit_days, log);
  return {
    ...trail,
    async close() {
      stopRetention();
      await trail.close();
    },
  };
}
