import type { ReadinessCheck } from '../providers/health/readiness.ts';
import type { SystemView } from '../providers/store/system-view.ts';

/** Said of a database that answers and refuses writes. */
export const READ_ONLY =
  'It answers and takes no writes: it is a standby, or was set to read only. store.url must lead to the primary.';

/** Without a database that takes writes, neither an api nor a worker can do its own work. */
export function databaseCheck(view: Pick<SystemView, 'database'>): ReadinessCheck {
  return async () => ((await view.database()).takesWrites ? { ok: true } : { ok: false, detail: READ_ONLY });
}
