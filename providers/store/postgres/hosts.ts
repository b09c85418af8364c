import { randomUUID } from 'node:crypto';
import type { HostStore, Placement, RestingSandbox, SandboxHost } from '../hosts.ts';
import type { Connection, Database } from './database.ts';
import { BUSY } from './read-head.ts';

interface HostRow {
  id: string;
  task_queue: string;
  driver: string;
  isolation: string;
  ready: boolean;
  capacity: number | null;
}
interface RestingRow {
  session_id: string;
  workspace_id: string;
  environment_id: string;
  placement: string;
  last_seq: number;
  last_arrival: number;
}
interface PlacementRow {
  placement: string;
  host_id: string;
  task_queue: string | null;
  moved_from: string | null;
}

/** A session that was used so recently counts as a running sandbox. */
const IN_USE = `interval '10 minutes'`;
/** A lost host is forgotten after so long; sessions that are still on it move all the same. */
const FORGET = `interval '7 days'`;

const PLACEMENT = `SELECT s.placement, s.host_id, s.moved_from, h.task_queue FROM session_hosts s
  LEFT JOIN sandbox_hosts h ON h.id = s.host_id WHERE s.session_id = $1`;

/** The placement of a session that was used a moment ago, on a living host: mostly there is nothing else to do. */
const STANDING = `SELECT s.placement, s.host_id, s.moved_from, h.task_queue FROM session_hosts s
  JOIN sandbox_hosts h ON h.id = s.host_id WHERE s.session_id = $1 AND s.used_at > now() - interval '1 minute'
    AND h.heartbeat_at > now() - $2 * interval '1 millisecond'`;

/** The living host with the least to do for its size; with $2, only one whose heartbeats came for at least as long as a host may be silent. */
const CANDIDATE = `SELECT h.id, h.task_queue FROM sandbox_hosts h
  LEFT JOIN LATERAL (SELECT count(*) AS used FROM session_hosts s
    WHERE s.host_id = h.id AND s.used_at > now() - ${IN_USE}) load ON true
  WHERE h.heartbeat_at > now() - $1 * interval '1 millisecond'
    AND (NOT $2 OR h.alive_since < now() - $1 * interval '1 millisecond')
  ORDER BY NOT h.ready, h.capacity IS NOT NULL AND load.used >= h.capacity, load.used::float8 / coalesce(h.capacity, 100), h.id LIMIT 1`;

/** The call that has the notice ended without a result of its own: its result belongs to the step that sealed it. */
const HOLDER_IS_SEALED = `(
  EXISTS (SELECT 1 FROM steps s WHERE s.session_id = h.session_id AND s.step_key = 'tool/' || h.notice_call
    AND s.outcome IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = h.session_id AND e.step_key = 'tool/' || h.notice_call
    AND e.type = 'agent.tool_result'))`;

/** A sandbox that was put away gets a new placement without being used. */
const IS_AWAY = '(s.moved_from = s.host_id AND s.placed_at > s.used_at)';

export function createPostgresHosts(database: Database): HostStore {
  async function place(
    connection: Connection,
    sessionId: string,
    timeoutMs: number,
  ): Promise<Placement | null> {
    const { rows } = await connection.query<PlacementRow & { gone: boolean; idle: boolean }>({
      name: 'host-of-session',
      text: `SELECT s.placement, s.host_id, s.moved_from, h.task_queue, s.used_at < now() - interval '1 minute' AS idle,
          coalesce(h.heartbeat_at < now() - $2 * interval '1 millisecond', true) AS gone
        FROM session_hosts s LEFT JOIN sandbox_hosts h ON h.id = s.host_id WHERE s.session_id = $1 FOR UPDATE OF s`,
      values: [sessionId, timeoutMs],
    });
    const current = rows[0];
    if (current !== undefined && !current.gone) {
      if (current.idle)
        await connection.query('UPDATE session_hosts SET used_at = now() WHERE session_id = $1', [sessionId]);
      return toPlacement(current);
    }
    const found = await connection.query<{ id: string; task_queue: string }>({
      name: 'host-candidate',
      text: CANDIDATE,
      values: [timeoutMs, current !== undefined],
    });
    const host = found.rows[0];
    if (host === undefined) return current === undefined ? null : toPlacement(current);
    const placed = await connection.query<{ session_id: string }>({
      name: 'host-place',
      text: `INSERT INTO session_hosts (session_id, host_id, placement, moved_from)
        SELECT id, $2, $3, $4 FROM sessions WHERE id = $1
        ON CONFLICT (session_id) DO UPDATE SET host_id = excluded.host_id, placement = excluded.placement,
          moved_from = excluded.moved_from, placed_at = now(), used_at = now(), notice = NULL, notice_call = NULL
        WHERE session_hosts.placement = $5
        RETURNING session_id`,
      values: [sessionId, host.id, randomUUID(), current?.host_id ?? null, current?.placement ?? ''],
    });
    if (placed.rows.length === 0) {
      // Somebody placed it meanwhile, or the session is gone.
      const standing = await connection.query<PlacementRow>(PLACEMENT, [sessionId]);
      return standing.rows[0] === undefined ? null : toPlacement(standing.rows[0]);
    }
    const made = await connection.query<PlacementRow>(PLACEMENT, [sessionId]);
    return made.rows[0] === undefined ? null : toPlacement(made.rows[0]);
  }

  return {
    async beat(host, timeoutMs, holder) {
      const { id, taskQueue, driver, isolation, ready, capacity } = host;
      const rows = await database.query<{ id: string }>(
        `INSERT INTO sandbox_hosts AS h (id, task_queue, driver, isolation, ready, capacity, holder) VALUES ($1, $2, $3, $4, $5, $6, $8)
          ON CONFLICT (id) DO UPDATE SET task_queue = excluded.task_queue, driver = excluded.driver,
            isolation = excluded.isolation, ready = excluded.ready, capacity = excluded.capacity, heartbeat_at = now(), lost_at = NULL,
            alive_since = CASE WHEN h.heartbeat_at < now() - $7 * interval '1 millisecond' THEN now() ELSE h.alive_since END,
            holder = coalesce(excluded.holder, h.holder)
          WHERE h.holder IS NULL OR excluded.holder IS NULL OR h.holder = excluded.holder
            OR h.heartbeat_at < now() - $7 * interval '1 millisecond'
          RETURNING id`,
        [id, taskQueue, driver, isolation, ready, capacity, timeoutMs, holder ?? null],
        'host-beat',
      );
      return rows.length > 0;
    },
    async hold(id) {
      const rows = await database.query<{ holder: string | null; heartbeat: number; silent: number }>(
        `SELECT holder, extract(epoch FROM heartbeat_at)::float8 * 1000 AS heartbeat,
            extract(epoch FROM now() - heartbeat_at)::float8 * 1000 AS silent
          FROM sandbox_hosts WHERE id = $1`,
        [id],
      );
      const row = rows[0];
      if (row === undefined) return null;
      return { holder: row.holder, heartbeatAt: row.heartbeat, silentMs: row.silent };
    },
    async takeHold(id, holder, from) {
      const rows = await database.query<{ id: string }>(
        'UPDATE sandbox_hosts SET holder = $2 WHERE id = $1 AND holder IS NOT DISTINCT FROM $3 RETURNING id',
        [id, holder, from],
      );
      return rows.length > 0;
    },
    async release(id, holder) {
      await database.query('UPDATE sandbox_hosts SET holder = NULL WHERE id = $1 AND holder = $2', [
        id,
        holder,
      ]);
    },
    async alive(timeoutMs) {
      const rows = await database.query<HostRow>(
        `SELECT id, task_queue, driver, isolation, ready, capacity FROM sandbox_hosts
          WHERE heartbeat_at > now() - $1 * interval '1 millisecond' ORDER BY registered_at, id`,
        [timeoutMs],
        'hosts-alive',
      );
      return rows.map(({ task_queue: taskQueue, ...row }): SandboxHost => ({ ...row, taskQueue }));
    },
    async place(sessionId, timeoutMs) {
      const rows = await database.query<PlacementRow>(STANDING, [sessionId, timeoutMs], 'placement-standing');
      if (rows[0] !== undefined) return toPlacement(rows[0]);
      return database.transaction((connection) => place(connection, sessionId, timeoutMs));
    },
    async placement(sessionId) {
      const rows = await database.query<PlacementRow>(PLACEMENT, [sessionId], 'placement');
      return rows[0] === undefined ? null : toPlacement(rows[0]);
    },
    async leftBehind(hostId, placements) {
      const rows = await database.query<{ session_id: string }>(
        `SELECT s.session_id FROM session_hosts s JOIN unnest($2::text[], $3::text[]) AS here (session_id, placement)
            ON here.session_id = s.session_id
          WHERE s.host_id <> $1 OR s.placement <> here.placement`,
        [hostId, [...placements.keys()], [...placements.values()]],
        'placements-left-behind',
      );
      return rows.map((row) => row.session_id);
    },
    async reap(timeoutMs) {
      const rows = await database.query<{ id: string }>(
        `UPDATE sandbox_hosts SET lost_at = now() WHERE lost_at IS NULL AND heartbeat_at < now() - $1 * interval '1 millisecond'
            AND EXISTS (SELECT 1 FROM sandbox_hosts o WHERE o.heartbeat_at > now() - $1 * interval '1 millisecond'
              AND o.alive_since < now() - $1 * interval '1 millisecond')
          RETURNING id`,
        [timeoutMs],
        'hosts-lost',
      );
      await database.query(
        `DELETE FROM sandbox_hosts WHERE lost_at < now() - ${FORGET}`,
        [],
        'hosts-forgotten',
      );
      return rows.map((row) => row.id);
    },
    async resting(hostId, olderThanMs, after, limit) {
      const rows = await database.query<RestingRow>(
        `SELECT s.session_id, r.workspace_id, r.environment_id, s.placement, h.last_seq, h.last_arrival
          FROM session_hosts s JOIN session_head h ON h.session_id = s.session_id JOIN sessions r ON r.id = s.session_id
          WHERE s.host_id = $1 AND s.session_id > $3 AND s.used_at < now() - $2 * interval '1 millisecond'
            AND NOT ${IS_AWAY} AND h.status = 'idle' AND h.archived_at IS NULL
            AND h.processed_at < now() - $2 * interval '1 millisecond' AND NOT ${BUSY}
          ORDER BY s.session_id LIMIT $4`,
        [hostId, olderThanMs, after, limit],
        'resting-sandboxes',
      );
      return rows.map((row): RestingSandbox => ({
        sessionId: row.session_id,
        workspaceId: row.workspace_id,
        environmentId: row.environment_id,
        placement: row.placement,
        lastSeq: row.last_seq,
        lastArrival: row.last_arrival,
      }));
    },
    async putAway(hostId, { sessionId, placement, lastSeq, lastArrival }) {
      // Whoever gives the session something to do locks its head row first, and changes one of the numbers.
      const rows = await database.query<{ session_id: string }>(
        `WITH resting AS (
            SELECT session_id FROM session_head
            WHERE session_id = $1 AND last_seq = $4 AND last_arrival = $5 AND status = 'idle' AND archived_at IS NULL
              AND deleted_at IS NULL FOR UPDATE)
          UPDATE session_hosts s SET placement = $6, moved_from = s.host_id, placed_at = now(), notice = NULL, notice_call = NULL
          FROM resting r WHERE s.session_id = r.session_id AND s.host_id = $2 AND s.placement = $3
            AND EXISTS (SELECT 1 FROM checkpoints c WHERE c.session_id = s.session_id)
          RETURNING s.session_id`,
        [sessionId, hostId, placement, lastSeq, lastArrival, randomUUID()],
        'put-away',
      );
      return rows.length > 0;
    },
    async withOpenCalls(hostId) {
      const rows = await database.query<{ session_id: string }>(
        `SELECT DISTINCT h.session_id FROM session_hosts h JOIN steps s ON s.session_id = h.session_id
          WHERE h.host_id = $1 AND s.outcome IS NULL AND s.step_key LIKE 'tool/%'`,
        [hostId],
        'host-open-calls',
      );
      return rows.map((row) => row.session_id);
    },
    async keepNotice(sessionId, placement, text) {
      await database.query(
        'UPDATE session_hosts SET notice = $3, notice_call = NULL WHERE session_id = $1 AND placement = $2',
        [sessionId, placement, text],
        'notice-keep',
      );
    },
    async takeNotice(sessionId, toolUseId) {
      const rows = await database.query<{ notice: string }>(
        `UPDATE session_hosts h SET notice_call = $2 WHERE session_id = $1 AND notice IS NOT NULL
          AND (notice_call IS NULL OR notice_call = $2 OR ${HOLDER_IS_SEALED}) RETURNING notice`,
        [sessionId, toolUseId],
        'notice-take',
      );
      return rows[0]?.notice ?? null;
    },
  };
}

function toPlacement(row: PlacementRow): Placement {
  return {
    id: row.placement,
    hostId: row.host_id,
    taskQueue: row.task_queue,
    movedFrom: row.moved_from,
  };
}
