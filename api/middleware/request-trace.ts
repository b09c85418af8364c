import { context, propagation, SpanKind, trace, type Attributes } from '@opentelemetry/api';
import type { Request, RequestHandler } from 'express';
import { logContext, noteForLog } from '../../providers/telemetry/log-context.ts';
import { failSpan } from '../../providers/telemetry/tracing.ts';
import { requestIdOf } from './request-id.ts';
import { METHODS, routeOf } from './request-metrics.ts';

/**
 * Traces every request, as a part of the client's trace where it names one in `traceparent`. Of headers, queries and bodies nothing else
 * is recorded.
 */
export function requestTrace(): RequestHandler {
  const tracer = trace.getTracer('managed-agent');
  return (request, response, next) => {
    const parent = propagation.extract(context.active(), request.headers);
    const attributes = attributesOf(request);
    const method = METHODS.has(request.method) ? request.method : 'HTTP';
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
    noteForLog({ trace_id: span.spanContext().traceId });
    const known = logContext();
    response.once('close', () => {
      const route = routeOf(response);
      span.updateName(`${method} ${route}`);
      span.setAttributes({
        'http.route': route,
        'http.response.status_code': response.statusCode,
        'managed_agent.request.id': requestIdOf(response),
        ...(known.session_id === undefined ? {} : { 'gen_ai.conversation.id': known.session_id }),
        ...(known.workspace_id === undefined ? {} : { 'managed_agent.workspace.id': known.workspace_id }),
      });
      if (response.statusCode >= 500) failSpan(span, String(response.statusCode));
      span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}

function attributesOf(request: Request): Attributes {
  const { localAddress, localPort } = request.socket;
  return {
    'http.request.method': METHODS.has(request.method) ? request.method : '_OTHER',
    'url.path': request.path,
    'url.scheme': request.protocol,
    ...(localAddress === undefined ? {} : { 'server.address': localAddress }),
    ...(localPort === undefined ? {} : { 'server.port': localPort }),
  };
}
