import type { ShownThread } from '../../core/agent/agent-types.ts';
import { z } from 'zod';
import type { Models } from '../../core/agent/agent-spec.ts';
import { AppError } from '../../core/errors.ts';
import { idParam } from '../../core/schema/ids.ts';
import { pageOf } from '../../core/schema/page.ts';
import { Thread, ThreadListQuery } from '../../core/schema/thread.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import { defineRoute, type Route } from '../route.ts';
import { findSession } from '../sessions/find-session.ts';
import { toPrimaryThread } from '../sessions/shown-session.ts';

const ofSession = z.object({ session_id: idParam('session') });
const ofThread = ofSession.extend({ thread_id: idParam('thread') });
const tag = 'Session threads';

/** The routes of a session's threads. A session has its primary thread. */
export function threadRoutes(deps: {
  sessions: Pick<SessionStore, 'get'>;
  models: Models;
  /** Unix milliseconds. */
  now: () => number;
}): Route[] {
  async function primary(workspaceId: string, sessionId: string): Promise<ShownThread> {
    return toPrimaryThread(await findSession(deps.sessions, workspaceId, sessionId), deps.models, deps.now());
  }

  async function find(workspaceId: string, sessionId: string, threadId: string) {
    const thread = await primary(workspaceId, sessionId);
    if (thread.id !== threadId) {
      throw new AppError('not_found', `Session ${sessionId} has no thread ${threadId}.`);
    }
    return thread;
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/v1/sessions/{session_id}/threads',
      operationId: 'listThreads',
      summary: 'List the threads of a session',
      tag,
      rate: 'read',
      params: ofSession,
      query: ThreadListQuery,
      response: pageOf(Thread),
      handle: async ({ params: { session_id: id }, query, caller }) => {
        if (query.page !== undefined) throw new AppError('invalid_request', 'page: this list has one page');
        const thread = await primary(caller.workspaceId, id);
        const matches = query.statuses?.includes(thread.status) ?? true;
        return { data: matches ? [thread] : [], next_page: null };
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/sessions/{session_id}/threads/{thread_id}',
      operationId: 'getThread',
      summary: 'Get a thread of a session',
      tag,
      rate: 'read',
      params: ofThread,
      response: Thread,
      handle: async ({ params: { session_id: id, thread_id: threadId }, caller }) =>
        find(caller.workspaceId, id, threadId),
    }),

    defineRoute({
      method: 'POST',
      path: '/v1/sessions/{session_id}/threads/{thread_id}/archive',
      operationId: 'archiveThread',
      summary: 'Archive a thread; the primary one goes with its session only',
      tag,
      rate: 'write',
      params: ofThread,
      response: Thread,
      handle: async ({ params: { session_id: id, thread_id: threadId }, caller }): Promise<never> => {
        await find(caller.workspaceId, id, threadId);
        throw new AppError(
          'invalid_request',
          'The primary thread cannot be archived by itself; archive its session.',
        );
      },
    }),
  ];
}
