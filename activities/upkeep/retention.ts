import type { Logger } from 'pino';
import { isAppError } from '../../core/errors.ts';
import { unanswered } from '../../core/journal/call-states.ts';
import { isBusy } from '../../core/journal/busy.ts';
import type { JournalView } from '../../core/journal/view.ts';
import type { Bus } from '../../providers/bus/bus.ts';
import type { TemporalEngine } from '../../providers/engine/temporal-engine.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { AuditEntry } from '../../providers/store/audit-log.ts';
import { serviceEntry } from '../../providers/store/audit/service-entry.ts';
import type { Lease } from '../../providers/store/lease.ts';
import type { KeptFor, OutlivedSession, RestState, RetentionStore } from '../../providers/store/retention.ts';
import { toLogFields } from '../../providers/telemetry/log-keys.ts';
import type { CountRemoved } from '../../providers/telemetry/removed-metric.ts';
import { concernsAll } from './concerns-all.ts';

/** Between two rounds. */
const PERIOD_MS = 60_000;
/** Ages are counted in days: when all sessions were looked at, they are again after this. */
const PASS_MS = 3_600_000;
/** Sessions that one statement looks at. */
const PAGE = 1_000;
/**
 * Sessions that go in one round: what goes with them, in Temporal too, is little beside the sessions that run, and the sweeper, which
 * looks once a minute whether Temporal has anything left of so many deleted ones, sees each of them.
 */
const MOST_REMOVED = 500;
/** Rows that go with one statement. */
const AT_ONCE = 1_000;

const COUNTED: Record<RestState, 'archived_sessions' | 'idle_sessions' | 'waiting_sessions'> = {
  archived: 'archived_sessions',
  idle: 'idle_sessions',
  waiting: 'waiting_sessions',
};

/** What entries of the audit log say. */
const ENTRIES = { outputs: 'expireOutputs', checkpoints: 'removeCheckpoints' } as const;
const REMOVE_SESSIONS = 'removeSessions';

export interface RetentionDependencies {
  store: RetentionStore;
  journal: Pick<Journal, 'deleteSession'>;
  engine: Pick<TemporalEngine, 'removeRuns'>;
  bus: Pick<Bus, 'publish'>;
  /** Only the process that holds it removes anything. */
  lease: Lease;
  keptFor: KeptFor;
  /** How long files that agents made are kept; null: as each of them says. */
  outputsMs: number | null;
  /** How long archived sessions keep their checkpoints; null: as long as they are there. */
  archivedSandboxesMs: number | null;
  removed: CountRemoved;
  /** Told what went, by its age alone. Never rejects. */
  audit: { add(entry: AuditEntry): Promise<void> };
  log: Logger;
  /** Unix milliseconds. */
  now: () => number;
}

/** Removes what has outlived the time that the settings give it, in small portions and in one worker among all. */
export interface Retention {
  /** One round: goes on where the last one stopped. Rejects with `unavailable`; nothing is lost by that. */
  round(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

/**
 * A session goes the way of one that a client deletes: its rows at once, its workflow, and by those who clear up its sandbox and its blobs.
 * Whether it still rests as it did when it was found is looked at again under its lock. So one that runs, or that just got a message, is
 * never removed.
 */
export function createRetention(deps: RetentionDependencies): Retention {
  const { store, journal, keptFor, log, now } = deps;
  const keepsAll = Object.values(keptFor).every((kept) => kept === null);
  /** Where the pass over all sessions goes on; undefined: it begins anew. */
  let after: string | undefined;
  let passedAt = Number.NEGATIVE_INFINITY;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;

  /** Repeats a statement that takes so many rows at most until there are no more. */
  async function inPortions(
    what: 'outputs' | 'checkpoints',
    message: string,
    take: (limit: number) => Promise<number>,
  ): Promise<void> {
    for (let taken = AT_ONCE; taken === AT_ONCE && !stopping.signal.aborted;) {
      taken = await take(AT_ONCE);
      if (taken === 0) continue;
      deps.removed(what, taken);
      await deps.audit.add(serviceEntry(ENTRIES[what], { resource: `${taken} ${what}` }));
      log.info(toLogFields({ [what]: taken }), message);
    }
  }

  async function removeOther(): Promise<void> {
    const { outputsMs, archivedSandboxesMs: archivedMs } = deps;
    if (outputsMs !== null)
      await inPortions('outputs', 'files that agents made have outlived their time and expire', (limit) =>
        store.expireOutputs(outputsMs, limit),
      );
    if (archivedMs !== null)
      await inPortions('checkpoints', 'checkpoints of archived sessions are removed', (limit) =>
        store.removeCheckpoints(archivedMs, limit),
      );
  }

  /** Whether the session went. */
  async function remove(session: OutlivedSession): Promise<boolean> {
    const { sessionId, workspaceId } = session;
    try {
      await journal.deleteSession({ sessionId, workspaceId, caller: 'client' }, (view) => {
        if (!restsAs(view, session)) throw new StillNeeded();
      });
    } catch (error) {
      if (error instanceof StillNeeded || (isAppError(error) && error.code === 'not_found')) return false;
      if (concernsAll(error)) throw error;
      log.warn(
        { err: error, session_id: sessionId },
        'a session that has outlived its time could not be removed',
      );
      return false;
    }
    deps.bus.publish({ type: 'deleted', sessionId });
    await deps.engine
      .removeRuns(sessionId)
      .catch((error: unknown) =>
        log.debug({ err: error, session_id: sessionId }, 'the runs of a removed session go later'),
      );
    return true;
  }

  async function removeAll(sessions: readonly OutlivedSession[]): Promise<number> {
    const gone: OutlivedSession[] = [];
    try {
      for (const session of sessions) {
        if (stopping.signal.aborted) break;
        if (await remove(session)) gone.push(session);
      }
    } finally {
      const idsOf = (some: OutlivedSession[]) => some.map(({ sessionId }) => sessionId);
      for (const [workspaceId, some] of Map.groupBy(gone, (session) => session.workspaceId))
        await deps.audit.add(serviceEntry(REMOVE_SESSIONS, { workspaceId, resource: idsOf(some).join(' ') }));
      for (const [state, some] of Map.groupBy(gone, (session) => session.state)) {
        const ids = idsOf(some);
        deps.removed(COUNTED[state], ids.length);
        log.info(
          { state, sessions: ids.length, session_ids: ids },
          'sessions that have outlived their time are removed',
        );
      }
    }
    return gone.length;
  }

  async function round(): Promise<void> {
    if (now() - passedAt < PASS_MS || !(await deps.lease.held())) return;
    if (after === undefined) await removeOther();
    for (let removed = 0; removed < MOST_REMOVED && !stopping.signal.aborted;) {
      const page = keepsAll
        ? { sessions: [], next: null }
        : await store.outlived(keptFor, after ?? null, Math.min(PAGE, MOST_REMOVED - removed));
      removed += await removeAll(page.sessions);
      if (stopping.signal.aborted) return;
      after = page.next ?? undefined;
      if (page.next === null) {
        passedAt = now();
        return;
      }
    }
  }

  const begin = (): void => {
    underWay ??= round()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'removing what has outlived its time was cut short and goes on later'),
      )
      .finally(() => {
        underWay = undefined;
      });
  };
  return {
    round,
    start() {
      if (keepsAll && deps.outputsMs === null && deps.archivedSandboxesMs === null) return;
      begin();
      timer = setInterval(begin, PERIOD_MS);
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await underWay;
      await deps.lease.release();
    },
  };
}

/** The session is not what it was when it was found. */
class StillNeeded extends Error {}

function restsAs(view: JournalView, { state, lastSeq, lastArrival }: OutlivedSession): boolean {
  const { head } = view;
  if (head.lastSeq !== lastSeq || head.lastArrival !== lastArrival || isBusy(view)) return false;
  const isEnded = head.archived || head.status === 'terminated';
  const rests = isEnded ? 'archived' : unanswered(view.calls).length > 0 ? 'waiting' : 'idle';
  return rests === state;
}
