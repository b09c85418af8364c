import { MISSED_MS } from '../../../core/health/judge-workers.ts';
import type { StoreGauges, WorkspaceUsage } from '../store-gauges.ts';
import type { Database, Statements } from './database.ts';

/** Counting reads every head row, so it is done no more often than this, however often it is asked for. */
const FRESH_MS = 10_000;

/**
 * Reads the gauges. The function rejects with `unavailable`; a failure is not remembered.
 *
 * @param hostTimeoutMs - how long a host of sandboxes may be silent.
 */
export function createPostgresStoreGauges(
  database: Database,
  now: () => number,
  hostTimeoutMs: number,
): () => Promise<StoreGauges> {
  let last: { at: number; gauges: Promise<StoreGauges> } | null = null;
  return async () => {
    if (last && now() - last.at < FRESH_MS) return last.gauges;
    const gauges = read(database.patient, hostTimeoutMs);
    const reading = { at: now(), gauges };
    last = reading;
    try {
      return await gauges;
    } catch (error) {
      if (last === reading) last = null;
      throw error;
    }
  };
}

async function read(database: Statements, hostTimeoutMs: number): Promise<StoreGauges> {
  const states = await database.query<{ state: string; count: number }>(
    `SELECT CASE WHEN status = 'idle' AND stop->>'type' = 'requires_action' THEN 'requires_action' ELSE status END AS state,
      count(*) AS count
      FROM session_head WHERE deleted_at IS NULL GROUP BY 1`,
    [],
    'gauge-sessions',
  );
  const [queue] = await database.query<{ count: number; oldest: number }>(
    `SELECT count(*) AS count, coalesce(extract(epoch FROM clock_timestamp() - min(accepted_at)), 0)::float8 AS oldest
      FROM events WHERE processed_at IS NULL AND type NOT LIKE 'internal.%'`,
    [],
    'gauge-queue',
  );
  const [hosts] = await database.query<{ ready: number; not_ready: number; lost: number }>(
    `SELECT count(*) FILTER (WHERE alive AND ready) AS ready, count(*) FILTER (WHERE alive AND NOT ready) AS not_ready,
      count(*) FILTER (WHERE NOT alive) AS lost
      FROM (SELECT ready, heartbeat_at > now() - $1 * interval '1 millisecond' AS alive FROM sandbox_hosts
        WHERE heartbeat_at > now() - ($1 + $2) * interval '1 millisecond') h`,
    [hostTimeoutMs, MISSED_MS],
    'gauge-hosts',
  );
  const placed = await database.query<{ host_id: string; count: number }>(
    'SELECT host_id, count(*) AS count FROM session_hosts GROUP BY 1',
    [],
    'gauge-host-sessions',
  );
  const [checkpoints] = await database.query<{ count: number }>(
    'SELECT count(*) AS count FROM checkpoints',
    [],
    'gauge-checkpoints',
  );
  const used = await database.query<{ workspace_id: string; cost: number } & Omit<WorkspaceUsage, 'costUsd'>>(
    `SELECT workspace_id, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cache_read_input_tokens) AS "cacheRead",
      sum(cache_creation_5m_input_tokens + cache_creation_1h_input_tokens) AS "cacheWrite", sum(list_cost_nano_usd) AS cost
      FROM session_head GROUP BY 1`,
    [],
    'gauge-workspaces',
  );
  return {
    workspaces: new Map(
      used.map(({ workspace_id: id, cost, ...tokens }) => [id, { ...tokens, costUsd: cost / 1e9 }]),
    ),
    hosts: new Map(Object.entries(hosts ?? {})),
    hostSessions: new Map(placed.map((row) => [row.host_id, row.count])),
    checkpoints: checkpoints?.count ?? 0,
    sessions: new Map(states.map(({ state, count }) => [state, count])),
    queuedEvents: queue?.count ?? 0,
    oldestQueuedSeconds: Math.max(0, queue?.oldest ?? 0),
  };
}
