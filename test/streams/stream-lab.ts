import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import type { BetaManagedAgentsStreamSessionEvents } from '@anthropic-ai/sdk/resources/beta/sessions/events';
import pino from 'pino';
import { createAccess } from '../../api/access.ts';
import { createApp } from '../../api/app.ts';
import { createRateLimiter } from '../../api/rate-limiter.ts';
import { sessionEventReadRoutes } from '../../api/routes/session-event-reads.ts';
import { createStreamHub } from '../../api/sse/stream-hub.ts';
import { makeId } from '../../core/ids.ts';
import { createJournalWriter, type JournalWriter } from '../../core/journal/journal-writer.ts';
import type { NewEvent } from '../../core/journal/view.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Bus } from '../../providers/bus/bus.ts';
import { createInMemoryBus } from '../../providers/bus/in-memory.ts';
import type { EventList } from '../../providers/store/event-list.ts';
import { createInMemoryEventList } from '../../providers/store/in-memory/event-list.ts';
import { createInMemoryJournal } from '../../providers/store/in-memory/journal.ts';
import type { Journal } from '../../providers/store/journal.ts';

export type StreamedEvent = BetaManagedAgentsStreamSessionEvents;

export const ids = { event: () => makeId('event', Date.now(), randomBytes(10)) };

export interface StreamLabParts {
  journal?: Journal;
  list?: EventList;
  bus?: Bus;
  hydrate?: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
  deadPeers?: () => Promise<ReadonlySet<string>>;
  untakenBytes?: number;
}

/** An api that serves only the lists and streams of events, over real HTTP, and a way to journal what it shows. */
export async function startStreamLab(parts: StreamLabParts = {}) {
  const memory = createInMemoryJournal(Date.now);
  const journal = parts.journal ?? memory;
  const list = parts.list ?? createInMemoryEventList(memory);
  const bus = parts.bus ?? createInMemoryBus();
  const hydrate = parts.hydrate ?? (async (_workspaceId: string, body: JsonObject) => body);
  const problems: unknown[] = [];
  const hub = createStreamHub({
    bus,
    journal,
    list,
    hydrate,
    now: Date.now,
    ...(parts.deadPeers ? { deadPeers: parts.deadPeers } : {}),
    ...(parts.untakenBytes === undefined ? {} : { untakenBytes: parts.untakenBytes }),
    onProblem: (_message, error) => problems.push(error),
  });
  const noLimits = { requestsPerKey: null, sessionsPerKey: null, createsPerWorkspace: null };
  const app = createApp({
    routes: sessionEventReadRoutes({ hub, journal, list, hydrate }),
    access: createAccess({ keys: [], publicUrl: null }),
    limiter: createRateLimiter({ ...noLimits, readsPerWorkspace: null, streamsPerKey: null }, Date.now),
    log: pino({ level: 'silent' }),
    newRequestId: () => makeId('request', Date.now(), randomBytes(10)),
  });
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 0 });

  async function write(sessionId: string, work: (writer: JournalWriter) => void): Promise<number> {
    const { lastSeq } = await journal.transact({ sessionId, caller: 'client' }, (view) => {
      const writer = createJournalWriter(view, ids);
      work(writer);
      return { writes: writer.finish(null), result: null };
    });
    return lastSeq;
  }

  return {
    url,
    client,
    journal,
    list,
    bus,
    hub,
    server,
    problems,
    async newSession(workspaceId = 'default'): Promise<{ sessionId: string; threadId: string }> {
      const id = makeId('session', Date.now(), randomBytes(10));
      const threadId = makeId('thread', Date.now(), randomBytes(10));
      const agent = {
        agent: {},
        agentId: 'agent_1',
        agentVersion: 1,
        agentName: 'a',
        environmentId: 'env_1',
      };
      await journal.createSession(
        { id, workspaceId, threadId, ...agent, title: null, metadata: {}, vaultIds: [], budget: null },
        () => ({ writes: null, result: null }),
      );
      return { sessionId: id, threadId };
    },
    /** Journals without telling anybody. */
    write,
    /** Journals and pokes, as a worker does. */
    async journalAndPoke(sessionId: string, work: (writer: JournalWriter) => void): Promise<number> {
      const seq = await write(sessionId, work);
      bus.publish({ type: 'grew', sessionId, seq });
      return seq;
    },
    /** Takes a session's journal back to what it was after its event `seq`, as a restored database would. */
    putBack(sessionId: string, seq: number): void {
      const stored = memory.sessions.get(sessionId);
      if (!stored) throw new Error('no session');
      stored.events = stored.events.filter((event) => (event.seq ?? 0) <= seq);
      stored.head.lastSeq = seq;
    },
    async listAll(sessionId: string): Promise<{ id: string; type: string }[]> {
      const events: { id: string; type: string }[] = [];
      for await (const event of client.beta.sessions.events.list(sessionId)) events.push(event);
      return events;
    },
    async stop() {
      hub.drain();
      await bus.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

export type StreamLab = Awaited<ReturnType<typeof startStreamLab>>;

/** An event as a worker journals it. */
export function newMessage(text: string, id: string = ids.event()): NewEvent {
  return {
    id,
    type: 'agent.message',
    body: { id, type: 'agent.message', content: [{ type: 'text', text }] },
  };
}
