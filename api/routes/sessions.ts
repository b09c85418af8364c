import type { ShownSession } from '../../core/agent/agent-types.ts';
import { z } from 'zod';
import { EventsSend, SessionEvent } from '../../core/schema/client-event.ts';
import { idParam } from '../../core/schema/ids.ts';
import { twoWayPageOf } from '../../core/schema/page.ts';
import {
  Session,
  SessionCreate,
  SessionDeleted,
  SessionListQuery,
  SessionUpdate,
} from '../../core/schema/session.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import { defineRoute, type Route } from '../route.ts';
import { archiveSession, deleteSession, updateSession, type ChangeDeps } from '../sessions/change-session.ts';
import { createSession, type CreateDeps } from '../sessions/create-session.ts';
import { findSession } from '../sessions/find-session.ts';
import { refuseTooMany } from '../sessions/refuse-too-many.ts';
import { sendEvents } from '../sessions/send-events.ts';
import { pageCursors, toSessionQuery } from '../sessions/session-page.ts';
import { toSession } from '../sessions/shown-session.ts';

export type SessionRouteDeps = CreateDeps &
  ChangeDeps & {
    sessions: Pick<SessionStore, 'get' | 'list' | 'countRunning'>;
    /** Told when a client was shown a session at rest: it knows of everything up to this `seq`. */
    attention: { told(sessionId: string, seq: number): void };
    /** Sessions of a workspace that may run at once; null: any number. */
    maxRunningSessions: number | null;
  };

const params = z.object({ session_id: idParam('session') });
const tag = 'Sessions';

/** The routes of sessions, and the one that sends events. */
export function sessionRoutes(deps: SessionRouteDeps): Route[] {
  const show = (record: Parameters<typeof toSession>[0]) => toSession(record, deps.models, deps.now());

  return [
    defineRoute({
      method: 'POST',
      path: '/v1/sessions',
      operationId: 'createSession',
      summary: 'Create a session, with its first events if you like',
      tag,
      rate: 'session',
      body: SessionCreate,
      response: Session,
      handle: async ({ body, caller }): Promise<ShownSession> => {
        if (body.initial_events?.length) await refuseTooMany(deps, caller.workspaceId);
        return createSession(deps, caller.workspaceId, body);
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/sessions',
      operationId: 'listSessions',
      summary: 'List sessions by the time of their creation',
      tag,
      rate: 'read',
      query: SessionListQuery,
      response: twoWayPageOf(Session),
      handle: async ({ query, caller }) => {
        // No session comes from a deployment or has a memory store here.
        if (query.deployment_id !== undefined || query.memory_store_id !== undefined) {
          return { data: [], next_page: null, prev_page: null };
        }
        const slice = await deps.sessions.list(caller.workspaceId, toSessionQuery(query));
        return { data: slice.items.map(show), ...pageCursors(slice, query.order) };
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/sessions/{session_id}',
      operationId: 'getSession',
      summary: 'Get a session',
      tag,
      rate: 'read',
      params,
      response: Session,
      handle: async ({ params: { session_id: id }, caller }) => {
        const session = await findSession(deps.sessions, caller.workspaceId, id);
        const isAtRest = session.status === 'idle' || session.status === 'terminated';
        if (isAtRest) deps.attention.told(id, session.lastSeq);
        return show(session);
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}',
      operationId: 'updateSession',
      summary: 'Change a session; its tools only while it is idle',
      tag,
      rate: 'write',
      params,
      body: SessionUpdate,
      response: Session,
      handle: async ({ params: { session_id: id }, body, caller }) =>
        show(await updateSession(deps, caller.workspaceId, id, body)),
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/sessions/{session_id}',
      operationId: 'deleteSession',
      summary: 'Delete a session that does not run, with everything that belongs to it',
      tag,
      rate: 'write',
      params,
      response: SessionDeleted,
      handle: async ({ params: { session_id: id }, caller }) => {
        await deleteSession(deps, caller.workspaceId, id);
        return { id, type: 'session_deleted' as const };
      },
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}/archive',
      operationId: 'archiveSession',
      summary: 'End a session that does not run, for good; it can still be read',
      tag,
      rate: 'write',
      params,
      response: Session,
      handle: async ({ params: { session_id: id }, caller }) =>
        show(await archiveSession(deps, caller.workspaceId, id)),
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}/events',
      operationId: 'sendEvents',
      summary: 'Send events, all or none of them',
      tag,
      rate: 'write',
      params,
      body: EventsSend,
      response: z.object({ data: z.array(SessionEvent) }),
      handle: async ({ params: { session_id: id }, body, caller, hold }) => {
        const starts = body.events.some(({ type }) => type === 'user.message');
        if (starts) await refuseTooMany(deps, caller.workspaceId, id);
        const { events, delivered } = await sendEvents(deps, caller.workspaceId, id, body.events);
        hold(delivered);
        return { data: events };
      },
    }),
  ];
}
