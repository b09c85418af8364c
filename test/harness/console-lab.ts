import { fileURLToPath } from 'node:url';
import { createConsole } from '../../api/console/console-mount.ts';
import { makeId } from '../../core/ids.ts';
import { ensureBuiltConsole } from './built-console.ts';
import { startApi, type TestApi } from './start-api.ts';

const FOLDER = fileURLToPath(new URL('../../console/dist', import.meta.url));

/** A journaled event without what the lab fills in. */
export interface PlannedEvent {
  type: string;
  [field: string]: unknown;
}

export interface ConsoleLab {
  api: TestApi;
  /** Makes a session whose log is given: nothing runs it. Answers its id and those of its events. */
  session(
    title: string,
    events: readonly PlannedEvent[],
    status?: 'idle' | 'running',
  ): Promise<{ id: string; events: string[] }>;
  /** Adds an event at the end of a log, as if it had just happened. */
  append(sessionId: string, events: readonly PlannedEvent[]): Promise<void>;
}

/** The api with the console, and sessions whose logs the test writes. `id` in an event's plan becomes its own. */
export async function startConsoleLab(
  keys: readonly { key: string; workspace: string }[] = [],
): Promise<ConsoleLab> {
  ensureBuiltConsole();
  const api = await startApi({
    keys,
    mounts: (access, signIns) => [
      {
        path: '/',
        handler: createConsole({
          folder: FOLDER,
          access,
          signIns,
          mayOperate: () => undefined,
          temporalNamespace: 'default',
          version: 'test',
        }),
      },
    ],
  });
  const { beta } = api.client(keys[0]?.key);
  const environment = (await beta.environments.create({ name: 'lab' })).id;
  const agent = (
    await beta.agents.create({
      name: 'Lab agent',
      model: 'demo',
      tools: [{ type: 'agent_toolset_20260401' }],
    })
  ).id;
  let count = 0;

  async function append(sessionId: string, events: readonly PlannedEvent[]): Promise<string[]> {
    const head = await api.journal.head(sessionId);
    if (head === null) throw new Error(`there is no session ${sessionId}`);
    const ids: string[] = [];
    const rows = events.map((event) => {
      count += 1;
      const id = typeof event['id'] === 'string' ? event['id'] : makeId('event', Date.now(), serial(count));
      ids.push(id);
      return { id, type: event.type, body: { ...event, id } };
    });
    await api.database.query(
      `WITH head AS (UPDATE session_head SET last_seq = last_seq + $2 WHERE session_id = $1 RETURNING last_seq)
       INSERT INTO events (session_id, id, seq, thread_id, type, body, processed_at)
       SELECT $1, given.id, head.last_seq - $2 + given.place, $3, given.type, given.body, now()
         FROM head, unnest($4::text[], $5::text[], $6::json[]) WITH ORDINALITY AS given (id, type, body, place)`,
      [
        sessionId,
        rows.length,
        head.threadId,
        rows.map(({ id }) => id),
        rows.map(({ type }) => type),
        rows.map(({ body }) => JSON.stringify(body)),
      ],
    );
    return ids;
  }

  return {
    api,
    async session(title, events, status = 'idle') {
      const { id } = await beta.sessions.create({ agent, environment_id: environment, title });
      const ids = events.length === 0 ? [] : await append(id, events);
      if (status === 'running') {
        await api.database.query("UPDATE session_head SET status = 'running' WHERE session_id = $1", [id]);
      }
      return { id, events: ids };
    },
    async append(sessionId, events) {
      await append(sessionId, events);
    },
  };
}

function serial(count: number): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(count, 6);
  return bytes;
}
