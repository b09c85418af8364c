import type { Logger } from 'pino';
import type { FileStore } from '../providers/store/files.ts';
import type { CountRemoved } from '../providers/telemetry/removed-metric.ts';

/** Soon after the start: an api that is often replaced must come to it too. */
const FIRST_MS = 60_000;
const PERIOD_MS = 3_600_000;
/** What is known of a file can be read for so long after it expired. */
const KEEP_MS = 30 * 24 * 3_600_000;

/** Removes long expired files now and then. Several processes may do it at once. Returns what ends it. */
export function startHousekeeping(
  files: Pick<FileStore, 'removeExpired'>,
  count: CountRemoved,
  log: Logger,
): () => void {
  let timer = setTimeout(remove, FIRST_MS).unref();
  let isEnded = false;

  function remove(): void {
    files
      .removeExpired(KEEP_MS)
      .then((removed) => {
        if (removed === 0) return;
        count('expired_files', removed);
        log.info({ files: removed }, 'expired files were removed');
      })
      .catch((error: unknown) => log.warn({ err: error }, 'expired files could not be removed'))
      .finally(() => {
        if (!isEnded) timer = setTimeout(remove, PERIOD_MS).unref();
      });
  }

  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
