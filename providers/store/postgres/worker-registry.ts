import { Client } from 'pg';
import type { HandsReport } from '../../../core/hands.ts';
import type { DeadWorker, WorkerRegistry } from '../worker-registry.ts';
import { toAppError, type Database } from './database.ts';

/** Class of the advisory locks of workers; the second number is the worker's. */
const WORKER_LOCKS = 726_193;
/** Class of the locks of whoever takes over from a dead worker; the second number is the dead worker's. */
const TAKEOVER_LOCKS = 726_195;
/** Looks in a row in which a lock must be free. */
const LOOKS = 4;
const RETAKE_MS = 500;

interface FreeRow {
  id: number;
  name: string;
  host: string;
  pid: number;
  started: string;
  settled: boolean;
}

const FREE = `
  SELECT w.id, w.name, w.host, w.pid, w.started,
    clock_timestamp() - pg_postmaster_start_time() > interval '5 seconds' AS settled
  FROM workers w
  WHERE NOT EXISTS (
    SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = $1::oid AND l.objid = w.id::oid AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`;

/** The worker processes that hold their lock now, with what their hands said of themselves. */
export async function liveWorkers(
  database: Database,
): Promise<{ host: string; hands: HandsReport | null }[]> {
  return database.query<{ host: string; hands: HandsReport | null }>(
    `SELECT w.host, w.hands FROM workers w JOIN pg_locks l ON l.locktype = 'advisory' AND l.classid = $1::oid
      AND l.objid = w.id::oid AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ORDER BY w.id`,
    [WORKER_LOCKS],
  );
}

/**
 * @param options.url - a direct connection: locks do not survive a transaction pooler.
 * @param options.process - this process; `started` tells it from a later one with the same pid.
 * @param options.isAlive - whether a process of this host lives.
 */
export function createPostgresWorkerRegistry(options: {
  url: string;
  name: string;
  host: string;
  process: { pid: number; started: string };
  isAlive: (process: { pid: number; started: string }) => boolean;
}): WorkerRegistry {
  let id: number | undefined;
  let hands: HandsReport | null = null;
  let lock: Client | undefined;
  let looker: Client | undefined;
  let looks = new Map<number, number>();
  /** Dead workers that this process takes over, by locks on the looker's connection. */
  let claims = new Set<number>();
  let leaving = false;
  let retake: NodeJS.Timeout | undefined;

  /** `onLost` is told, once, of the end of a connection that stood; one that never stood rejects, with `pg`'s error. */
  async function connect(onLost: (client: Client) => void): Promise<Client> {
    const client = new Client({
      connectionString: options.url,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
    });
    let stands = false;
    const lose = (): void => {
      if (stands) onLost(client);
      stands = false;
    };
    client.on('error', lose);
    client.on('end', lose);
    try {
      await client.connect();
    } catch (error) {
      giveUp(client);
      throw error;
    }
    stands = true;
    return client;
  }

  async function takeLock(): Promise<void> {
    const client = await connect((lost) => {
      // One that was given up already may end much later, when another holds the lock.
      if (lock !== lost) return;
      lock = undefined;
      retakeLater();
    });
    lock = client;
    try {
      const row = await client.query<{ id: number }>(
        `INSERT INTO workers (name, host, pid, started, hands) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (name) DO UPDATE SET registered_at = now(), hands = EXCLUDED.hands RETURNING id`,
        [
          options.name,
          options.host,
          options.process.pid,
          options.process.started,
          hands && JSON.stringify(hands),
        ],
      );
      id = row.rows[0]?.id;
      await client.query('SELECT pg_advisory_lock($1, $2)', [WORKER_LOCKS, id]);
    } catch (error) {
      if (lock === client) lock = undefined;
      giveUp(client);
      throw error;
    }
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
  async function claim(client: Client, worker: number): Promise<boolean> {
    if (claims.has(worker)) return true;
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [
      TAKEOVER_LOCKS,
      worker,
    ]);
    if (rows[0]?.got !== true) return false;
    claims.add(worker);
    return true;
  }

  return {
    async join() {
      try {
        await takeLock();
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
        const { rows } = await looker.query<FreeRow>(FREE, [WORKER_LOCKS]);
        const seen = new Map<number, number>();
        const dead: DeadWorker[] = [];
        for (const row of rows) {
          if (row.id === id) continue;
          const count = row.settled ? (looks.get(row.id) ?? 0) + 1 : 0;
          seen.set(row.id, count);
          const gone = row.host === options.host && !options.isAlive({ pid: row.pid, started: row.started });
          if ((gone || count >= LOOKS) && (await claim(looker, row.id)))
            dead.push({ id: row.id, name: row.name });
        }
        looks = seen;
        return dead;
      } catch (error) {
        throw toAppError(error);
      }
    },
    async forget(worker) {
      await looker?.query('DELETE FROM workers WHERE id = $1', [worker]);
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
      await lock?.query('DELETE FROM workers WHERE id = $1', [id]).catch(() => undefined);
      await Promise.allSettled(
        [lock, looker].filter((client) => client !== undefined).map((client) => client.end()),
      );
    },
  };
}

/** Lets go of a connection, also one that does not answer, without waiting for it. */
function giveUp(client: Client): void {
  client.end().catch(() => undefined);
}
