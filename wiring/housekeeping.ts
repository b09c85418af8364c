import type { Logger } from 'pino';
import type { FileStore } from '../providers/store/files.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';

const PERIOD_MS = 3_600_000;
/** What is known of a file can be read for so long after it expired. */
const KEEP_MS = 30 * 24 * 3_600_000;

/** Removes long expired files now and then. Several processes may do it at once. Returns what ends it. */
export function startHousekeeping(
  files: Pick<FileStore, 'removeExpired'>,
  count: CountRemoved,
  log: Logger,
): () => void {
  const timer = setInterval(() => {
    files
      .removeExpired(KEEP_MS)
      .then((removed) => {
        if (removed === 0) return;
        count('expired_files', removed);
        log.info({ files: removed }, 'expired files were removed');
      })
      .catch((error: unknown) => log.warn({ err: error }, 'expired files could not be removed'));
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
