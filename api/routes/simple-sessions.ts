import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import { idParam } from '../../core/schema/ids.ts';
import {
  SimpleMessage,
  SimpleSession,
  SimpleSessionCreate,
  SimpleSessionQuery,
  SimpleStreamEvent,
  SimpleUpload,
} from '../../core/schema/simple.ts';
import type { FileStore } from '../../providers/store/files.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import { defineStreamRoute, type Route } from '../route.ts';
import { leaseOf } from '../bodies/body-lease.ts';
import { createSession, type CreateDeps } from '../sessions/create-session.ts';
import { findSession } from '../sessions/find-session.ts';
import { refuseTooMany } from '../sessions/refuse-too-many.ts';
import { sendEvents } from '../sessions/send-events.ts';
import { pageCursors, toSessionQuery } from '../sessions/session-page.ts';
import { toContent } from '../simple/attachments.ts';
import type { Defaults } from '../simple/defaults.ts';
import { filesIn } from '../simple/session-files.ts';
import { toSimpleEvent, toSimpleSession } from '../simple/shown-simple-session.ts';
import { streamNewTurn, streamTurn, type TurnRequest, type TurnStreamDeps } from '../simple/turn-stream.ts';
import { uploadTo, type UploadDeps } from '../simple/upload.ts';
import { lastEventIdOf } from '../sse/last-event-id.ts';

export type SimpleSessionDeps = CreateDeps &
  TurnStreamDeps &
  UploadDeps & {
    sessions: Pick<SessionStore, 'get' | 'list' | 'attach' | 'detach' | 'countRunning'>;
    files: Pick<FileStore, 'some'>;
    journal: CreateDeps['journal'] & Pick<Journal, 'eventsAfter'>;
    defaults: Defaults;
    maxRunningSessions: number | null;
  };

const params = z.object({ session_id: idParam('session') });
const tag = 'Simple door';
const EVENTS = 'text/event-stream';
const PAGE = 200;

/** The routes of the simple door: the same sessions, with one request for each thing that people do. */
export function simpleSessionRoutes(deps: SimpleSessionDeps): Route[] {
  /** Says something to a session and streams what comes of it. */
  async function say(request: TurnRequest, message: SimpleMessage, isNew?: 'new'): Promise<void> {
    const { sessionId, caller } = request;
    const { workspaceId } = caller;
    await refuseTooMany(deps, workspaceId, sessionId);
    const session = await findSession(deps.sessions, workspaceId, sessionId);
    const content = toContent(message, await filesIn(deps.files, session));
    const first = { event: 'session', data: toSimpleSession(session) as object as JsonObject } as const;
    await streamNewTurn(
      deps,
      request,
      async () => {
        const sent = await sendEvents(deps, workspaceId, sessionId, [{ type: 'user.message', content }]);
        await sent.delivered;
        const [event] = sent.events;
        if (!event) throw new Error('an accepted message was not answered');
        return event.id;
      },
      isNew && first,
    );
  }

  /** A session's events, read piece by piece while they are sent. */
  async function* eventsOf(workspaceId: string, sessionId: string, head: object): AsyncGenerator<string> {
    yield `${JSON.stringify(head).slice(0, -1)},"events":[`;
    let separator = '';
    for (let after = 0; ;) {
      const events = await deps.journal.eventsAfter(sessionId, after, PAGE);
      for (const event of events) {
        after = event.seq ?? after;
        const shown = toSimpleEvent(await deps.hydrate(workspaceId, event.body), event.processedAt);
        if (shown === null) continue;
        yield separator + JSON.stringify(shown);
        separator = ',';
      }
      if (events.length < PAGE) break;
    }
    yield ']}';
  }

  return [
    defineStreamRoute({
      method: 'POST',
      path: '/api/sessions',
      operationId: 'simpleCreateSession',
      summary: 'Start a session with the default agent; with a message, the answer is the stream of its turn',
      tag,
      rate: 'session',
      body: SimpleSessionCreate,
      response: SimpleSession,
      content: 'application/json',
      status: 201,
      mayStream: true,
      handle: async ({ body, caller, requestId }, response) => {
        const { workspaceId } = caller;
        const { message, title } = body;
        if (message !== undefined) await refuseTooMany(deps, workspaceId);
        const { id } = await createSession(deps, workspaceId, {
          agent: body.agent ?? (await deps.defaults.agent(workspaceId)),
          environment_id: body.environment_id ?? (await deps.defaults.environment(workspaceId)),
          ...(title === undefined ? {} : { title }),
        });
        if (message !== undefined) {
          await say({ caller, requestId, sessionId: id, response }, { message, attachments: [] }, 'new');
          return;
        }
        const session = await findSession(deps.sessions, workspaceId, id);
        response.status(201).json({ ...toSimpleSession(session), events: [] });
      },
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/api/sessions',
      operationId: 'simpleListSessions',
      summary: 'List sessions, newest first, without their events; the Link header leads to the next page',
      tag,
      rate: 'read',
      query: SimpleSessionQuery,
      response: z.array(SimpleSession),
      content: 'application/json',
      handle: async ({ query, caller }, response) => {
        const order = 'desc';
        const slice = await deps.sessions.list(caller.workspaceId, toSessionQuery({ ...query, order }));
        const { next_page: next } = pageCursors(slice, order);
        if (next !== null) {
          const search = new URLSearchParams({ limit: String(query.limit), page: next });
          response.setHeader('link', `</api/sessions?${search.toString()}>; rel="next"`);
        }
        response.json(slice.items.map(toSimpleSession));
      },
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/api/sessions/{session_id}',
      operationId: 'simpleGetSession',
      summary: 'Get a session with all its events',
      tag,
      rate: 'read',
      params,
      response: SimpleSession,
      content: 'application/json',
      handle: async ({ params: { session_id: id }, caller: { workspaceId } }, response, signal) => {
        const session = await findSession(deps.sessions, workspaceId, id);
        response.setHeader('content-type', 'application/json; charset=utf-8');
        const events = eventsOf(workspaceId, id, toSimpleSession(session));
        await pipeline(Readable.from(events), response, { signal });
      },
    }),

    defineStreamRoute({
      method: 'POST',
      path: '/api/sessions/{session_id}/messages',
      operationId: 'simpleSendMessage',
      summary:
        'Say something; the answer is the stream of the turn. With Last-Event-ID it goes on and says nothing again',
      tag,
      rate: 'write',
      params,
      body: SimpleMessage,
      response: SimpleStreamEvent,
      content: EVENTS,
      handle: async ({ params: { session_id: sessionId }, body, caller, requestId, headers }, response) => {
        const request = { caller, requestId, sessionId, response };
        const lastEventId = lastEventIdOf(headers);
        if (lastEventId !== null) await streamTurn(deps, request, lastEventId);
        else await say(request, body);
      },
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/api/sessions/{session_id}/messages',
      operationId: 'simpleStreamTurn',
      summary: 'Stream the turn that is under way, or the last one, from Last-Event-ID on',
      tag,
      rate: 'read',
      params,
      response: SimpleStreamEvent,
      content: EVENTS,
      handle: async ({ params: { session_id: sessionId }, caller, requestId, headers }, response) =>
        streamTurn(deps, { caller, requestId, sessionId, response }, lastEventIdOf(headers)),
    }),

    defineStreamRoute({
      method: 'POST',
      path: '/api/sessions/{session_id}/upload',
      operationId: 'simpleUpload',
      summary: 'Put a file into the sandbox; with a message, the answer is the stream of its turn',
      tag,
      rate: 'create',
      params,
      form: SimpleUpload,
      content: 'application/json',
      mayStream: true,
      handle: async ({ params: { session_id: sessionId }, caller, requestId, raw }, response) => {
        const session = await findSession(deps.sessions, caller.workspaceId, sessionId);
        const { attachment, message } = await uploadTo(deps, session, raw, leaseOf(response));
        if (message.trim() === '') response.json(attachment);
        else await say({ caller, requestId, sessionId, response }, { message, attachments: [attachment] });
      },
    }),
  ];
}
