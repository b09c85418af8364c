import { auditLogContract } from '../contract/audit-log.ts';
import { createInMemoryAuditLog } from './audit-log.ts';

auditLogContract('in memory', async () => ({
  log: createInMemoryAuditLog(Date.now),
  close: async () => undefined,
}));
