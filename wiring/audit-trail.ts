import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { createAuditTrail, type AuditTrail } from '../api/audit/audit-trail.ts';
import type { Config } from '../config.ts';
import { serviceEntry } from '../providers/store/audit/service-entry.ts';
import { createPostgresAuditLog } from '../providers/store/postgres/audit-log.ts';
import type { Database } from '../providers/store/postgres/database.ts';
import { startAuditRetention } from './audit-retention.ts';
import type { ReloadedSettings } from './reload-settings.ts';

/** Where a process leaves its audit entries. Settings that SIGHUP changes in it leave one each time. */
export function openAuditTrail(
  database: Database,
  log: Logger,
  part: 'api' | 'worker',
  settings: ReloadedSettings,
): AuditTrail {
  const trail = createAuditTrail({
    log: createPostgresAuditLog(database),
    onProblem: (error, entries, fate) =>
      log.error({ err: error, audit_entries: entries, fate }, 'audit entries could not be stored'),
    onMark: ({ seq, hash }) => log.info({ audit_seq: seq, audit_hash: hash }, 'the audit log stands here'),
  });
  const by = `SIGHUP (${part} ${process.pid}@${hostname()})`;
  settings.onTaken((names) => {
    if (names.length > 0) void trail.add(serviceEntry('changeSettings', { by, resource: names.join(' ') }));
  });
  return trail;
}

/** The same for an api, which also removes entries after their time. */
export function openApiAuditTrail(
  database: Database,
  config: Config,
  log: Logger,
  settings: ReloadedSettings,
): AuditTrail {
  const trail = openAuditTrail(database, log, 'api', settings);
  const audit = createPostgresAuditLog(database);
  const stopRetention = startAuditRetention(audit, config.retention.audit_days, log);
  return {
    ...trail,
    async close() {
      stopRetention();
      await trail.close();
    },
  };
}
