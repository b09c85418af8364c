import type { RequestObservers } from '../api/app.ts';
import { createAuditTally, type AuditTally } from '../api/audit/audit-tally.ts';
import type { AuditTrail } from '../api/audit/audit-trail.ts';
import type { Metrics } from '../providers/telemetry/metrics.ts';

/** Who is told of the api's requests. */
export interface ApiObservers extends RequestObservers {
  audit: AuditTrail;
  refusals: AuditTally;
  /** Of reads of what shows all workspaces. */
  operatorReads: AuditTally;
  /** Adds to the audit log what is not in it yet. */
  close(): Promise<void>;
}

/** Metrics, traces, and the audit log with what is only counted there. */
export function apiObservers(audit: AuditTrail, metrics: Metrics, traced: boolean): ApiObservers {
  const refusals = createAuditTally(audit);
  const operatorReads = createAuditTally(audit);
  return {
    metrics,
    audit,
    refusals,
    operatorReads,
    traced,
    async close() {
      const counted = Promise.all([refusals.close(), operatorReads.close()]);
      await audit.close();
      await counted;
    },
  };
}
