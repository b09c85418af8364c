import { createHash } from 'node:crypto';
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  trace,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { TraceContext, TurnTrace } from '../../core/journal/turn-trace.ts';

const W3C = new W3CTraceContextPropagator();

/** Where the work that is under way stands in its trace; null while nothing is traced. */
export function activeTrace(): TraceContext | null {
  if (trace.getActiveSpan() === undefined) return null;
  const carrier: { traceparent?: string; tracestate?: string } = {};
  W3C.inject(context.active(), carrier, defaultTextMapSetter);
  const { traceparent, tracestate } = carrier;
  if (traceparent === undefined) return null;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** Where a stored trace stands; null where what is stored is none. */
export function spanContextOf(stored: TraceContext): SpanContext | null {
  return trace.getSpanContext(W3C.extract(ROOT_CONTEXT, stored, defaultTextMapGetter)) ?? null;
}

/**
 * The span of a turn. Whoever works on the turn names it as the parent; who ends the turn sends it. So its id follows from the turn
 * alone, and comes out the same in every process.
 */
export function turnSpanContext(turn: TurnTrace): SpanContext | null {
  const parent = spanContextOf(turn.parent);
  if (parent === null) return null;
  const hash = createHash('sha256').update(`${turn.eventId}/${turn.stretch}`).digest('hex');
  return { ...parent, spanId: hash.slice(0, 16), isRemote: true };
}

/** The context in which the work of a turn is done; null where the turn is not traced. */
export function turnContext(turn: TurnTrace | null): Context | null {
  const span = turn && turnSpanContext(turn);
  return span && trace.setSpanContext(ROOT_CONTEXT, span);
}

/** Notes on the span that is under way that what it does goes into this turn. */
export function linkToTurn(turn: TurnTrace): void {
  const span = trace.getActiveSpan();
  const target = span === undefined ? null : turnSpanContext(turn);
  if (span !== undefined && target !== null) span.addLink({ context: target });
}
