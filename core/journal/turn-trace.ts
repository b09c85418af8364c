/** Where a request stands in its trace, as the headers of W3C Trace Context write it. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

/** Tokens that a session has used so far. */
export interface TokenTotals {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
}

/**
 * What the journal remembers of a turn for its trace, so that every worker goes on with the same one. Null where the message that the
 * turn began with came without a trace. It stays after the turn's end, until the next one begins.
 */
export interface TurnTrace {
  /** The request that the turn began with. */
  parent: TraceContext;
  /** The event of that request. */
  eventId: string;
  /** A turn that waits for a person or the client goes on in a stretch of its own, numbered from 0. */
  stretch: number;
  /** Of this stretch, Unix milliseconds. */
  startedAt: number;
  /** The session's totals when it began. */
  usage: TokenTotals;
  /** Requests whose events came into this stretch later: the first of them, as many as a span may have links. */
  joined: TraceContext[];
  /** null: it is under way. */
  end: TurnEnd | null;
}

export interface TurnEnd {
  /** Unix milliseconds. */
  at: number;
  /** Why, as the session's idle says it, or `interrupted`. */
  reason: string;
  /** The session's totals at the end. */
  usage: TokenTotals;
  /** The key of the step that ended it. */
  stepKey: string | null;
}

/** OpenTelemetry's own limit of a span's links; one is left for the session. */
const JOINED = 127;

/** A turn that begins with a message. */
export function beginTurnTrace(
  event: { id: string; trace?: TraceContext | null },
  now: number,
  usage: TokenTotals,
): TurnTrace | null {
  if (!event.trace) return null;
  return {
    parent: event.trace,
    eventId: event.id,
    stretch: 0,
    startedAt: now,
    usage,
    joined: [],
    end: null,
  };
}

/** The turn goes on after it waited. */
export function resumeTurnTrace(trace: TurnTrace, now: number, usage: TokenTotals): TurnTrace {
  return { ...trace, stretch: trace.stretch + 1, startedAt: now, usage, joined: [], end: null };
}

/** An event of another request comes into the turn. */
export function joinTurnTrace(trace: TurnTrace, event: { trace?: TraceContext | null }): TurnTrace {
  const { trace: other } = event;
  if (!other || trace.joined.length >= JOINED) return trace;
  const known = [trace.parent, ...trace.joined];
  if (known.some(({ traceparent }) => traceparent === other.traceparent)) return trace;
  return { ...trace, joined: [...trace.joined, other] };
}

/** Whether a transaction ended a stretch that was under way before it, or that began in it. */
export function endsTurnTrace(before: TurnTrace | null, after: TurnTrace | null): after is EndedTurnTrace {
  if (after?.end == null) return false;
  return before?.end == null || before.eventId !== after.eventId || before.stretch !== after.stretch;
}

export type EndedTurnTrace = TurnTrace & { end: TurnEnd };
