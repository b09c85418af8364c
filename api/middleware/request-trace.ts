import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { requestIdOf } from './request-id.ts';
import { routeOf } from './request-metrics.ts';

/** Traces every request, as a part of the client's trace where it names one. Neither headers nor queries are recorded. */
export function requestTrace(): RequestHandler {
  const tracer = trace.getTracer('managed-agent');
  return (request, response, next) => {
    const parent = propagation.extract(context.active(), request.headers);
    const attributes = { 'http.request.method': request.method, 'url.path': request.path };
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, attributes }, parent);
    response.once('close', () => {
      const route = routeOf(response);
      span.updateName(`${request.method} ${route}`);
      span.setAttributes({
        'http.route': route,
        'http.response.status_code': response.statusCode,
        'managed_agent.request.id': requestIdOf(response),
      });
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}
