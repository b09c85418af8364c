import { AppError } from '../../../core/errors.ts';
import type { AcceptView } from '../../../core/journal/accept.ts';
import { isBusy } from '../../../core/journal/busy.ts';
import type { TraceContext } from '../../../core/journal/turn-trace.ts';
import { FRESH_TURN } from '../../../core/journal/turn.ts';
import { toolKey } from '../../../core/journal/attempt.ts';
import type { CallView, HeadView, StepRow, ThreadView } from '../../../core/journal/view.ts';
import type { JournalWrites } from '../../../core/journal/writes.ts';
import { keptFromOf } from '../../../core/session/context/compacted-event.ts';
import type {
  Claim,
  Journal,
  JournalEvent,
  NewSession,
  SessionSetup,
  TransactionRequest,
} from '../journal.ts';

/** Bodies of one page of a stream take at most about this much. */
const PAGE_BYTES = 8 * 1024 * 1024;

interface StoredEvent extends JournalEvent {
  ref: string | null;
  trace: TraceContext | null;
  signalled: boolean;
  processed: boolean;
}

export interface StoredSession {
  head: HeadView;
  thread: ThreadView;
  resource: NewSession;
  archivedAt: number | null;
  deleted: boolean;
  processedAt: number;
  events: StoredEvent[];
  steps: Map<string, StepRow & { claim?: Claim }>;
  calls: Map<string, Omit<CallView, 'row'> & { resolved: boolean }>;
}

function detailsOf({ title, metadata, agent, budget }: NewSession): NonNullable<AcceptView['details']> {
  return { title, metadata: metadata as Record<string, string>, agent, budget };
}

/** A journal in memory, and a look inside for tests. */
export interface InMemoryJournal extends Journal {
  readonly sessions: Map<string, StoredSession>;
}

/**
 * A journal in memory, for tests: the same rules, applied to plain objects. `now` gives Unix milliseconds. Transactions run one after
 * another, as JavaScript runs them.
 */
export function createInMemoryJournal(now: () => number): InMemoryJournal {
  const sessions = new Map<string, StoredSession>();

  function find(request: TransactionRequest, archivedToo: 'archived-too' | 'live-only'): StoredSession {
    const session = sessions.get(request.sessionId);
    const client = request.caller === 'client';
    const foreign = request.workspaceId !== undefined && session?.head.workspaceId !== request.workspaceId;
    if (!session || session.deleted || foreign) {
      throw new AppError(
        client ? 'not_found' : 'session_gone',
        `Session ${request.sessionId} was not found.`,
      );
    }
    if (request.epoch !== undefined && request.epoch < session.head.epoch) {
      throw new AppError('session_superseded', `The session goes on in epoch ${session.head.epoch}.`);
    }
    if (session.head.archived && archivedToo === 'live-only') {
      throw new AppError(
        client ? 'invalid_request' : 'session_gone',
        `Session ${request.sessionId} is archived.`,
      );
    }
    return session;
  }

  function viewOf(
    session: StoredSession,
    request: { rowKey?: string; named?: readonly string[]; details?: true },
  ): AcceptView {
    const open = [...session.calls.values()].filter((call) => !call.resolved);
    return {
      head: { ...session.head, budget: session.resource.budget },
      thread: session.thread,
      queue: session.events
        .filter((event) => !event.processed && event.arrival !== null)
        .map(({ arrival, id, type, ref, trace }) => ({ arrival: arrival ?? 0, id, type, ref, trace }))
        .sort((left, right) => left.arrival - right.arrival),
      calls: open.map((call) => ({ ...call, row: session.steps.get(toolKey(call.id)) ?? null })),
      row: session.steps.get(request.rowKey ?? '') ?? null,
      now: Math.max(now(), session.processedAt),
      named: (request.named ?? []).flatMap((id) => {
        const call = session.calls.get(id);
        return call ? [{ id, kind: call.kind, resolved: call.resolved }] : [];
      }),
      ...(request.details ? { details: detailsOf(session.resource) } : {}),
    };
  }

  function run<T>(
    session: StoredSession,
    request: TransactionRequest,
    decide: (view: AcceptView) => { writes: JournalWrites | null; result: T },
  ) {
    const view = viewOf(session, request);
    const { writes, result } = decide(view);
    if (writes) apply(session, view, writes, request.claim);
    return { result, lastSeq: session.head.lastSeq };
  }

  return {
    sessions,
    async transact(request, decide) {
      return run(find(request, 'live-only'), request, decide);
    },
    async createSession(session, decide) {
      if (session.resources?.length) throw new Error('the journal in memory holds no files');
      const stored = freshSession(session, now());
      const outcome = run(stored, { sessionId: session.id, caller: 'client' }, decide);
      sessions.set(session.id, stored);
      return outcome;
    },
    async head(sessionId) {
      const session = sessions.get(sessionId);
      if (!session || session.deleted) return null;
      const { head } = session;
      return {
        sessionId,
        workspaceId: head.workspaceId,
        threadId: session.thread.id,
        status: head.status,
        stop: head.stop,
        busy: isBusy(viewOf(session, {})),
        lastSeq: head.lastSeq,
        usage: head.usage,
        activeMs: head.activeMs,
        archivedAt: session.archivedAt,
        processedAt: session.processedAt,
      };
    },
    async setup(sessionId) {
      const session = sessions.get(sessionId);
      const resource = session?.deleted ? undefined : session?.resource;
      if (!resource) throw new AppError('session_gone', `The session ${sessionId} was deleted.`);
      const { workspaceId, environmentId, trace = null } = resource;
      return { workspaceId, environmentId, trace, agent: resource.agent as object as SessionSetup['agent'] };
    },
    async eventsAfter(sessionId, after, limit) {
      const found = journaled(sessionId)
        .filter((event) => (event.seq ?? 0) > after)
        .slice(0, limit);
      let bytes = 0;
      const end = found.findIndex(({ body }) => {
        const before = bytes;
        bytes += JSON.stringify(body).length;
        return before >= PAGE_BYTES;
      });
      return end === -1 ? found : found.slice(0, end);
    },
    async eventsThrough(sessionId, threadId, after, through) {
      return journaled(
        sessionId,
        (event) => event.threadId === threadId && (event.seq ?? 0) > after && (event.seq ?? 0) <= through,
      );
    },
    async lastCompaction(sessionId, threadId, through) {
      const event = journaled(sessionId).findLast(
        ({ type, threadId: own, seq }) =>
          type === 'agent.thread_context_compacted' && own === threadId && (seq ?? 0) <= through,
      );
      const keptFrom = event ? keptFromOf(event.detail) : null;
      return keptFrom === null ? null : { keptFrom };
    },
    async eventsOfStep(sessionId, stepKey) {
      return journaled(sessionId, (event) => event.stepKey === stepKey);
    },
    async event(sessionId, eventId) {
      return sessions.get(sessionId)?.events.find((event) => event.id === eventId) ?? null;
    },
    async lastSeqs(sessionIds) {
      return new Map(
        sessionIds.flatMap((id) => {
          const session = sessions.get(id);
          return session && !session.deleted ? [[id, session.head.lastSeq] as const] : [];
        }),
      );
    },
    async markSignalled(sessionId, arrivals) {
      for (const event of sessions.get(sessionId)?.events ?? []) {
        if (event.arrival !== null && arrivals.includes(event.arrival)) event.signalled = true;
      }
    },
    async deleteSession(request, decide) {
      const session = find(request, 'archived-too');
      decide(viewOf(session, request));
      session.deleted = true;
      session.events = [];
      session.steps.clear();
      session.calls.clear();
    },
  };

  function journaled(
    sessionId: string,
    isWanted: (event: StoredEvent) => boolean = () => true,
  ): StoredEvent[] {
    const events = sessions.get(sessionId)?.events ?? [];
    return events
      .filter((event) => event.seq !== null && isWanted(event))
      .sort((left, right) => (left.seq ?? 0) - (right.seq ?? 0));
  }
}

function freshSession(resource: NewSession, at: number): StoredSession {
  return {
    head: {
      sessionId: resource.id,
      workspaceId: resource.workspaceId,
      epoch: 1,
      lastSeq: 0,
      lastArrival: 0,
      status: 'idle',
      stop: null,
      archived: false,
      usage: {
        input_tokens: 0,
        output_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation_5m_input_tokens: 0,
        cache_creation_1h_input_tokens: 0,
        list_cost_nano_usd: 0,
      },
      unpriced: false,
      budget: null,
      activeMs: 0,
      runningSince: null,
    },
    thread: {
      id: resource.threadId,
      agentName: resource.agentName,
      step: 0,
      owed: false,
      turn: FRESH_TURN,
      trace: null,
    },
    resource,
    archivedAt: null,
    deleted: false,
    processedAt: at,
    events: [],
    steps: new Map(),
    calls: new Map(),
  };
}

function apply(
  session: StoredSession,
  view: AcceptView,
  writes: JournalWrites,
  claim: Claim | undefined,
): void {
  let seq = session.head.lastSeq;
  const insert = (
    event: JournalWrites['enqueue'][number]['event'],
    place: { seq: number | null; arrival: number | null },
  ) =>
    session.events.push({
      id: event.id,
      ...place,
      threadId: session.thread.id,
      type: event.type,
      ref: event.ref ?? null,
      trace: event.trace ?? null,
      body: event.body,
      detail: event.detail ?? null,
      stepKey: place.seq === null ? null : writes.stepKey,
      processedAt: place.seq === null ? null : view.now,
      processed: place.seq !== null,
      signalled: false,
    });
  for (const entry of writes.entries) {
    if (entry.kind === 'append') {
      insert(entry.event, { seq: ++seq, arrival: entry.arrival ?? null });
      continue;
    }
    const event = session.events.find((candidate) => candidate.arrival === entry.arrival);
    if (!event || event.processed) throw new Error(`event ${entry.id} takes effect twice`);
    event.processed = true;
    event.processedAt = view.now;
    event.stepKey = writes.stepKey;
    if (entry.kind === 'stamp') event.seq = ++seq;
  }
  for (const { arrival, event } of writes.enqueue) insert(event, { seq: null, arrival });
  for (const call of writes.newCalls) {
    session.calls.set(call.id, { ...call, answer: null, denyMessage: null, resolved: false });
  }
  for (const { toolUseId, answer, denyMessage } of writes.answers) {
    const call = session.calls.get(toolUseId);
    if (call) session.calls.set(toolUseId, { ...call, answer, denyMessage });
  }
  for (const id of writes.resolved) {
    const call = session.calls.get(id);
    if (call) session.calls.set(id, { ...call, resolved: true });
  }
  for (const row of writes.steps) {
    session.steps.set(row.key, claim && row.outcome === null ? { ...row, claim } : { ...row });
  }
  session.head = {
    ...session.head,
    lastSeq: seq,
    lastArrival: writes.head.lastArrival,
    status: writes.head.status,
    stop: writes.head.stop,
    usage: writes.head.usage,
    unpriced: writes.head.unpriced,
    activeMs: writes.head.activeMs,
    runningSince: writes.head.runningSince,
    archived: session.head.archived || writes.head.archive,
  };
  if (writes.head.archive) session.archivedAt = view.now;
  const { step, owed, turn, trace } = writes.thread;
  session.thread = { ...session.thread, step, owed, turn, trace };
  session.resource = { ...session.resource, ...writes.session };
  session.processedAt = view.now;
}
