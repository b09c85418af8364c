import type { HandsReport } from '../../../core/hands.ts';
import type { CommonSettings } from '../../../core/health/common-settings.ts';
import type { WorkerRole, WorkerSeen } from '../../../core/health/judge-workers.ts';
import {
  applicationNameOf,
  connectDirectly,
  type DirectConnection,
} from '../../postgres-client/direct-connection.ts';
import type { DeadWorker, WorkerRegistry } from '../worker-registry.ts';
import type { Database } from './database.ts';
import { toAppError } from './failures.ts';

/** Class of the advisory locks of workers; the second number is the worker's. */
const WORKER_LOCKS = 726_193;
/** Class of the locks of whoever takes over from a dead worker; the second number is the dead worker's. */
const TAKEOVER_LOCKS = 726_195;
/** Looks in a row in which a lock must be free. */
const LOOKS = 4;
/** Looks in a row in which the holder of a lock must be silent: a worker whose way to PostgreSQL was cut needs less to hold its lock anew. */
const SILENT_LOOKS = 10;
const RETAKE_MS = 500;
/** How often a worker says over the connection of its lock that it lives, and since when it is silent. */
const BEAT_MS = 1_000;
const SILENT_MS = 3_000;
/** For those who only count: a worker that is silent for so long is about to be taken over from. */
const GONE_MS = 10_000;

interface FreeRow {
  id: number;
  name: string;
  host: string;
  pid: number;
  started: string;
  settled: boolean;
  /** The server process that holds the lock for a worker that says nothing any more; null when the lock is free. */
  holder: number | null;
}

/**
 * Who holds which worker's lock, and when that session last had something to do: each worker asks something over it again and again, so
 * one that is silent is lost, even if PostgreSQL does not know yet. NULL where the server keeps no such times.
 */
const HOLDERS = `
  SELECT l.objid, l.pid, a.state_change FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.classid = $1::oid AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const FREE_OR_SILENT = `
  SELECT w.id, w.name, w.host, w.pid, w.started, held.pid AS holder,
    clock_timestamp() - pg_postmaster_start_time() > interval '5 seconds' AS settled
  FROM workers w LEFT JOIN (${HOLDERS}) held ON held.objid = w.id::oid
  WHERE held.pid IS NULL OR held.state_change < clock_timestamp() - $2 * interval '1 millisecond'`;

/** Ends sessions that a lost process left: with them go its locks, and the transactions that hold up others. */
const END_SESSIONS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()`;
const END_SESSIONS_OF = `${END_SESSIONS} AND (pid = $1 OR application_name = $2)`;
const END_HOLDER = `${END_SESSIONS} AND pid IN (SELECT pid FROM (${HOLDERS}) held WHERE objid = $2::oid)`;

interface LiveRow {
  host: string;
  role: WorkerRole;
  sandbox_host: string | null;
  hands: HandsReport | null;
  common: CommonSettings | null;
}

/** The worker processes that hold their lock now and are not silent, with what they said of themselves. */
export async function liveWorkers(database: Pick<Database, 'query'>): Promise<WorkerSeen[]> {
  const rows = await database.query<LiveRow>(
    // What follows the machine's name says which of its processes see each other.
    `SELECT split_part(w.host, ' ', 1) AS host, w.role, w.sandbox_host, w.hands, w.common FROM workers w JOIN (${HOLDERS}) held ON held.objid = w.id::oid
      WHERE coalesce(held.state_change > clock_timestamp() - $2 * interval '1 millisecond', true) ORDER BY w.id`,
    [WORKER_LOCKS, GONE_MS],
  );
  return rows.map(({ host: machine, sandbox_host: sandboxHost, ...row }) => ({
    machine,
    sandboxHost,
    ...row,
  }));
}

/** The names of the worker processes that hold their lock now and are not silent. */
export async function liveWorkerNames(database: Pick<Database, 'query'>): Promise<Set<string>> {
  const rows = await database.query<{ name: string }>(
    `SELECT w.name FROM workers w JOIN (${HOLDERS}) held ON held.objid = w.id::oid
      WHERE coalesce(held.state_change > clock_timestamp() - $2 * interval '1 millisecond', true)`,
    [WORKER_LOCKS, GONE_MS],
  );
  return new Set(rows.map(({ name }) => name));
}

/**
 * @param options.url - a direct connection: locks do not survive a transaction pooler.
 * @param options.host - the machine's name, and behind a space what tells its containers apart: workers of one value see each other's
 *   processes.
 * @param options.process - this process; `started` tells it from a later one with the same pid.
 * @param options.isAlive - whether a process of this host lives.
 * @param options.role - what it is there for.
 * @param options.sandboxHost - the host of sandboxes that it is part of; null without sandboxes.
 * @param options.common - what it has to have alike with others; without, it does not say.
 */
export function createPostgresWorkerRegistry(options: {
  url: string;
  name: string;
  host: string;
  process: { pid: number; started: string };
  isAlive: (process: { pid: number; started: string }) => boolean;
  role: Exclude<WorkerRole, null>;
  sandboxHost: string | null;
  common?: CommonSettings;
}): WorkerRegistry {
  let id: number | undefined;
  let hands: HandsReport | null = null;
  let lock: DirectConnection | undefined;
  let looker: DirectConnection | undefined;
  let looks = new Map<number, number>();
  /** Dead workers that this process takes over, by locks on the looker's connection. */
  let claims = new Set<number>();
  let leaving = false;
  let retake: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  const applicationName = applicationNameOf(options.name);

  /** `onLost` is told of the end of a connection that stood; one that never stood rejects, with `pg`'s error. */
  async function connect(onLost: (connection: DirectConnection) => void): Promise<DirectConnection> {
    const connection = await connectDirectly({ url: options.url, applicationName });
    void connection.ended.then(() => onLost(connection));
    return connection;
  }

  async function takeLock(): Promise<void> {
    const connection = await connect((lost) => {
      // One that was given up already may end much later, when another holds the lock.
      if (lock !== lost) return;
      lock = undefined;
      retakeLater();
    });
    lock = connection;
    try {
      const [row] = await connection.query<{ id: number }>(
        `INSERT INTO workers (name, host, pid, started, hands, role, sandbox_host, common) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
          ON CONFLICT (name) DO UPDATE SET registered_at = now(), hands = EXCLUDED.hands RETURNING id`,
        [
          options.name,
          options.host,
          options.process.pid,
          options.process.started,
          hands && JSON.stringify(hands),
          options.role,
          options.sandboxHost,
          options.common && JSON.stringify(options.common),
        ],
      );
      id = row?.id;
      // A session of before, whose end PostgreSQL has not noticed.
      await connection.query(END_HOLDER, [WORKER_LOCKS, id]);
      await connection.query('SELECT pg_advisory_lock($1, $2)', [WORKER_LOCKS, id]);
    } catch (error) {
      if (lock === connection) lock = undefined;
      connection.destroy();
      throw error;
    }
  }

  /** Says over the lock's connection that this process lives, and finds out whether the connection and the lock's row still do. */
  function keepBeating(): void {
    beat ??= setInterval(() => {
      const beating = lock;
      beating
        ?.query('SELECT 1 FROM workers WHERE id = $1', [id])
        // Others took this process for dead and struck it off.
        .then((rows) => rows.length === 0 && !leaving && beating.destroy())
        .catch(() => undefined);
    }, BEAT_MS).unref();
  }

  /**
   * Tries again in a moment. There is one timer, however many tell of a loss: a connection's end and the statement that it breaks both
   * do, and trying twice for each would double the connections with every round until PostgreSQL has no room for anybody.
   */
  function retakeLater(): void {
    if (leaving || retake !== undefined) return;
    retake = setTimeout(() => {
      retake = undefined;
      takeLock().catch(retakeLater);
    }, RETAKE_MS);
  }

  /** Whether it is this process that takes over from a dead worker; the kernel gives the lock to another when this one dies too. */
  async function claim(connection: DirectConnection, worker: number): Promise<boolean> {
    if (claims.has(worker)) return true;
    const [row] = await connection.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [
      TAKEOVER_LOCKS,
      worker,
    ]);
    if (row?.got !== true) return false;
    claims.add(worker);
    return true;
  }

  function isDead(row: FreeRow, count: number): boolean {
    if (row.host === options.host && !options.isAlive({ pid: row.pid, started: row.started })) return true;
    return count >= (row.holder === null ? LOOKS : SILENT_LOOKS);
  }

  return {
    async join() {
      try {
        await takeLock();
        keepBeating();
      } catch (error) {
        throw toAppError(error);
      }
    },
    async findDead() {
      try {
        looker ??= await connect(() => {
          looker = undefined;
          looks = new Map();
          claims = new Set();
        });
        const rows = await looker.query<FreeRow>(FREE_OR_SILENT, [WORKER_LOCKS, SILENT_MS]);
        const seen = new Map<number, number>();
        const dead: DeadWorker[] = [];
        for (const row of rows) {
          if (row.id === id) continue;
          const count = row.settled ? (looks.get(row.id) ?? 0) + 1 : 0;
          seen.set(row.id, count);
          if (!isDead(row, count) || !(await claim(looker, row.id))) continue;
          if (row.holder !== null)
            await looker.query(END_SESSIONS_OF, [row.holder, applicationNameOf(row.name)]);
          dead.push({ id: row.id, name: row.name });
        }
        looks = seen;
        return dead;
      } catch (error) {
        throw toAppError(error);
      }
    },
    async forget(worker) {
      // One that was only cut off for a while may hold its lock again.
      await looker?.query(
        `DELETE FROM workers WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM (${HOLDERS}) held WHERE objid = $2::oid)`,
        [WORKER_LOCKS, worker],
      );
      if (claims.delete(worker))
        await looker?.query('SELECT pg_advisory_unlock($1, $2)', [TAKEOVER_LOCKS, worker]);
    },
    async describeHands(report) {
      hands = report;
      try {
        await lock?.query('UPDATE workers SET hands = $2 WHERE id = $1', [id, JSON.stringify(report)]);
      } catch (error) {
        throw toAppError(error);
      }
    },
    async leave() {
      leaving = true;
      clearTimeout(retake);
      clearInterval(beat);
      await lock?.query('DELETE FROM workers WHERE id = $1', [id]).catch(() => undefined);
      await Promise.all([lock?.close(), looker?.close()]);
    },
  };
}
