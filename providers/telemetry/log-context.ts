import { AsyncLocalStorage } from 'node:async_hooks';
import { trace } from '@opentelemetry/api';

/** What every line of the log says about the work that it comes from, under the same keys in every part of the service. */
export interface LogContext {
  request_id?: string;
  workspace_id?: string;
  session_id?: string;
  trace_id?: string;
  span_id?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs work whose lines say these things, and what {@link noteForLog} adds on the way. */
export function withLogContext<T>(fields: LogContext, work: () => T): T {
  return storage.run({ ...fields }, work);
}

/** Adds to what the lines of the work under way say. */
export function noteForLog(fields: LogContext): void {
  const current = storage.getStore();
  if (current !== undefined) Object.assign(current, fields);
}

/** The object that {@link noteForLog} adds to, for lines that are written outside of the work itself, such as at its end. */
export function logContext(): LogContext {
  return storage.getStore() ?? {};
}

/** What a line that is written now says, with its place in the trace. */
export function fieldsOfLine(): LogContext {
  const context = storage.getStore();
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? { ...context } : { ...context, trace_id: span.traceId, span_id: span.spanId };
}
