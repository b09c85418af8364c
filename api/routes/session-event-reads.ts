import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { SessionEvent as Event } from '../../core/schema/client-event.ts';
import { EventListQuery, EventStreamQuery } from '../../core/schema/event-list.ts';
import { idParam } from '../../core/schema/ids.ts';
import { pageOf } from '../../core/schema/page.ts';
import type { EventList } from '../../providers/store/event-list.ts';
import type { Journal } from '../../providers/store/journal.ts';
import { listEvents } from '../events/list-events.ts';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';
import { openFrameSink } from '../sse/frame-sink.ts';
import { lastEventIdOf } from '../sse/last-event-id.ts';
import type { StreamHub } from '../sse/stream-hub.ts';

export interface SessionEventReadDeps {
  hub: StreamHub;
  journal: Pick<Journal, 'head'>;
  list: EventList;
  /** Puts a body's large strings back in place. */
  hydrate: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
}

const SessionParams = z.object({ session_id: idParam('session') });
const ThreadParams = SessionParams.extend({ thread_id: idParam('thread') });

/** The routes that read a session's events: lists and streams, of the session and of each of its threads. */
export function sessionEventReadRoutes(deps: SessionEventReadDeps): Route[] {
  const { hub, journal, list } = deps;

  async function page(
    { workspaceId, sessionId, threadId }: { workspaceId: string; sessionId: string; threadId: string | null },
    query: EventListQuery,
  ) {
    const head = await journal.head(sessionId);
    if (head?.workspaceId !== workspaceId) {
      throw new AppError('not_found', `Session ${sessionId} was not found.`);
    }
    const listed = threadId ?? head.threadId;
    if (listed !== head.threadId && !(await list.hasThread(sessionId, listed))) {
      throw new AppError('not_found', `Thread ${listed} of session ${sessionId} was not found.`);
    }
    const { newest, ...answer } = await listEvents(deps, { workspaceId, sessionId, threadId: listed }, query);
    if (newest > 0) hub.attention.told(sessionId, newest);
    return answer;
  }

  const shared = { method: 'GET', tag: 'Session events', rate: 'read' } as const;
  const listing = { ...shared, query: EventListQuery, response: pageOf(Event) };
  const streaming = { ...shared, query: EventStreamQuery, response: Event, content: 'text/event-stream' };
  type Streamed = Parameters<
    Parameters<typeof defineStreamRoute<z.ZodObject, typeof EventStreamQuery>>[0]['handle']
  >;

  async function stream(
    [{ query, caller, headers, raw, requestId }, response]: Streamed,
    thread: { sessionId: string; threadId: string | null },
  ): Promise<void> {
    const lastEventId = lastEventIdOf(headers);
    const previews = new Set(query.event_deltas);
    await hub.attach({ ...thread, ...caller, requestId, lastEventId, previews }, () => {
      const sink = openFrameSink(response);
      if (raw.method === 'HEAD') sink.end();
      return sink;
    });
  }

  return [
    defineRoute({
      ...listing,
      path: '/v1/sessions/{session_id}/events',
      operationId: 'listSessionEvents',
      summary: 'List the events of a session',
      params: SessionParams,
      handle: ({ params, query, caller: { workspaceId } }) =>
        page({ workspaceId, sessionId: params.session_id, threadId: null }, query),
    }),
    defineRoute({
      ...listing,
      path: '/v1/sessions/{session_id}/threads/{thread_id}/events',
      operationId: 'listThreadEvents',
      summary: 'List the events of a thread',
      params: ThreadParams,
      handle: ({ params, query, caller: { workspaceId } }) =>
        page({ workspaceId, sessionId: params.session_id, threadId: params.thread_id }, query),
    }),
    defineStreamRoute({
      ...streaming,
      path: '/v1/sessions/{session_id}/events/stream',
      operationId: 'streamSessionEvents',
      summary: 'Stream the events of a session',
      params: SessionParams,
      handle: (request, response, signal) =>
        stream([request, response, signal], { sessionId: request.params.session_id, threadId: null }),
    }),
    defineStreamRoute({
      ...streaming,
      path: '/v1/sessions/{session_id}/threads/{thread_id}/stream',
      operationId: 'streamThreadEvents',
      summary: 'Stream the events of a thread',
      params: ThreadParams,
      handle: (request, response, signal) =>
        stream([request, response, signal], {
          sessionId: request.params.session_id,
          threadId: request.params.thread_id,
        }),
    }),
  ];
}
