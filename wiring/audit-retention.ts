import type { Logger } from 'pino';
import type { AuditLog } from '../providers/store/audit-log.ts';

const DAY_MS = 24 * 3_600_000;
/** The first time soon after the start: an api that is often replaced must come to it too. */
const FIRST_MS = 60_000;
const PERIOD_MS = 3_600_000;

/**
 * Removes entries of the audit log after so many days, now and then; null: never. Several processes may do it at once. What was removed is
 * logged with the last entry of it, by which an export from before can be compared with what is left. Returns what ends it.
 */
export function startAuditRetention(
  audit: Pick<AuditLog, 'prune'>,
  days: number | null,
  log: Pick<Logger, 'info' | 'warn'>,
  firstMs: number = FIRST_MS,
): () => void {
  if (days === null) return () => undefined;
  let timer = setTimeout(prune, firstMs).unref();
  let isEnded = false;

  function prune(): void {
    audit
      .prune(Date.now() - (days ?? 0) * DAY_MS)
      .then((removed) => {
        if (removed === null) return;
        const { entries, last } = removed;
        log.info(
          { audit_entries: entries, audit_seq: last.seq, audit_hash: last.hash },
          'old entries of the audit log were removed',
        );
      })
      .catch((error: unknown) =>
        log.warn({ err: error }, 'old entries of the audit log could not be removed'),
      )
      .finally(() => {
        if (!isEnded) timer = setTimeout(prune, PERIOD_MS).unref();
      });
  }

  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
