import type { Response } from 'express';
import type { Logger } from 'pino';
import type { JsonObject } from '../../core/json.ts';
import type { EventList } from '../../providers/store/event-list.ts';
import type { Journal } from '../../providers/store/journal.ts';
import type { Caller } from '../access.ts';
import { AppError } from '../../core/errors.ts';
import { openFrameSink } from '../sse/frame-sink.ts';
import { sseFrame } from '../sse/sse-frame.ts';
import type { StreamHub } from '../sse/stream-hub.ts';
import { stringIn } from './string-in.ts';
import { createTurn, type Turn, type TurnFrame } from './turn.ts';
import { createTurnSink } from './turn-sink.ts';

export interface TurnStreamDeps {
  hub: Pick<StreamHub, 'attach'>;
  journal: Pick<Journal, 'head' | 'event'>;
  list: Pick<EventList, 'newestOfType'>;
  hydrate: (workspaceId: string, body: JsonObject) => Promise<JsonObject>;
  log: Logger;
}

/** Who asks for a stream, of which session, and where it goes. */
export interface TurnRequest {
  caller: Caller;
  requestId: string;
  sessionId: string;
  response: Response;
}

const PREVIEWS = new Set(['agent.message', 'agent.thinking'] as const);

/**
 * Sends a message and streams the turn that it begins. The stream is open before the message is sent, so nothing is missed; when `send`
 * rejects, nothing was answered.
 *
 * @param send - gives the id of the message's event.
 * @param first - a frame before the turn's.
 */
export async function streamNewTurn(
  deps: TurnStreamDeps,
  request: TurnRequest,
  send: () => Promise<string>,
  first?: TurnFrame,
): Promise<void> {
  const { lastSeq } = await headOf(deps, request);
  let eventId: string | null = null;
  let turn: Turn | null = null;
  // The id is known when the message was sent; frames are looked at only after that.
  const late: Turn = {
    get over() {
      return turn?.over ?? false;
    },
    next: async (frame) => {
      turn ??= newTurn(deps, request, eventId);
      return turn.next(frame);
    },
  };
  const { sink, begin, cancel } = createTurnSink(request.response, late, problemOf(deps, request));
  await deps.hub.attach({ ...toAttach(request), lastEventId: lastSeq }, () => sink);
  try {
    eventId = await send();
  } catch (error) {
    cancel();
    throw error;
  }
  begin({ ...(first ?? { data: {} }), id: lastSeq });
}

/**
 * Streams the turn that is under way, or the last one. What came since a client's last event is sent again; where nothing is left, the
 * stream says so and ends.
 */
export async function streamTurn(
  deps: TurnStreamDeps,
  request: TurnRequest,
  lastEventId: number | null,
): Promise<void> {
  const { sessionId, response } = request;
  const head = await headOf(deps, request);
  const [began] = await deps.list.newestOfType(sessionId, 'session.status_running', 1);
  const after = lastEventId ?? (began === undefined ? head.lastSeq : began.seq - 1);
  if (after > head.lastSeq) {
    throw new AppError('invalid_request', `Last-Event-ID: the session has no event ${after}.`);
  }
  const [ended] = await deps.list.newestOfType(sessionId, 'session.status_idle', 1);
  const atRest = !head.busy && head.status === 'idle';
  if (atRest && (ended === undefined || ended.seq <= after)) {
    const sink = openFrameSink(response);
    sink.write(sseFrame('done', { stop_reason: head.stop?.type ?? 'end_turn' }, after));
    sink.end();
    return;
  }
  const turn = newTurn(deps, request, null);
  const { sink, begin } = createTurnSink(response, turn, problemOf(deps, request));
  await deps.hub.attach({ ...toAttach(request), lastEventId: after }, () => sink);
  // Text that the client saw without an id comes again, whole.
  begin(lastEventId === null ? undefined : { event: 'restart', data: {} });
}

async function headOf({ journal }: TurnStreamDeps, { sessionId, caller }: TurnRequest) {
  const head = await journal.head(sessionId);
  if (head?.workspaceId === caller.workspaceId) return head;
  throw new AppError('not_found', `Session ${sessionId} was not found.`);
}

function toAttach({ caller, requestId, sessionId }: TurnRequest) {
  return { ...caller, requestId, sessionId, threadId: null, previews: PREVIEWS };
}

function newTurn(deps: TurnStreamDeps, { sessionId, caller }: TurnRequest, startsWith: string | null): Turn {
  return createTurn({
    sessionId,
    startsWith,
    async toolUse(id) {
      const event = await deps.journal.event(sessionId, id);
      if (event === null) return null;
      const body = await deps.hydrate(caller.workspaceId, event.body);
      return { name: stringIn(body, 'name'), input: (body['input'] ?? {}) as JsonObject };
    },
  });
}

function problemOf({ log }: TurnStreamDeps, { sessionId, requestId }: TurnRequest) {
  return (error: unknown) =>
    log.warn({ err: error, session_id: sessionId, request_id: requestId }, 'a turn could not be streamed on');
}
